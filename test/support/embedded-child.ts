import { startEmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.ts'

// A process that starts the embedded database, says where it is on one line, and stays until it is killed or its input ends.

function complain(level: string, line: string): void {
  if (level === 'error') process.stderr.write(`${line}\n`)
}

const [, , dataDir = ''] = process.argv
const server = await startEmbeddedPostgres({ dataDir, log: complain, settings: { fsync: 'off' } })
process.stdout.write(`${JSON.stringify({ ...server.connection, adopted: server.adopted })}\n`)
process.stdin.resume().on('end', () => {
  void server.stop().then(() => process.exit(0))
})
