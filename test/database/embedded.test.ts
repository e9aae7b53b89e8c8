import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.ts'
import { parseLine } from '../../src/database/embedded/log-lines.ts'

const CHILD = fileURLToPath(new URL('../support/embedded-child.ts', import.meta.url))
const FAST = { fsync: 'off' }

let home = ''
let lines: string[] = []
let running: EmbeddedPostgres[] = []
let children: ChildProcess[] = []

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'portner-embedded-'))
  // As root the database's account has to pass.
  await chmod(home, 0o711)
})

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  for (const server of running) await server.stop()
  children = []
  running = []
  lines = []
})

afterAll(() => rm(home, { recursive: true, force: true }))

async function start(dataDir: string, settings: Record<string, string> = FAST): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, settings, log: (level, line) => lines.push(`${level} ${line}`) })
  running.push(server)
  return server
}

async function ask<T>(server: EmbeddedPostgres, sql: string): Promise<T | undefined> {
  const client = new Client({ ...server.connection, ssl: false })
  await client.connect()
  try {
    const { rows } = await client.query<{ value: T }>(sql)
    return rows[0]?.value
  } finally {
    await client.end()
  }
}

async function startChild(dataDir: string): Promise<{ child: ChildProcess; adopted: boolean }> {
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD, dataDir], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  const [line]: unknown[] = await once(createInterface({ input: child.stdout }), 'line')
  return { child, ...z.object({ adopted: z.boolean() }).parse(JSON.parse(String(line))) }
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

async function postmasterPid(dataDir: string): Promise<number> {
  return Number.parseInt(await readFile(join(dataDir, 'cluster', 'postmaster.pid'), 'utf8'), 10)
}

const isThere = (path: string): Promise<boolean> => access(path).then(() => true, () => false)

describe('the embedded database', () => {
  it('keeps its data, its durability and its distance', async () => {
    const dataDir = join(home, 'keeps')
    const first = await start(dataDir, {})
    expect(first.adopted).toBe(false)
    await ask(first, 'CREATE TABLE kept (value text)')
    await ask(first, `INSERT INTO kept VALUES ('still here')`)
    expect(await ask(first, `SELECT current_setting('fsync') AS value`)).toBe('on')
    expect(await ask(first, `SELECT current_setting('listen_addresses') AS value`)).toBe(process.platform === 'win32' ? '127.0.0.1' : '')
    expect((await stat(join(dataDir, 'cluster'))).mode & 0o077).toBe(0)
    expect((await stat(first.connection.host)).mode & 0o077).toBe(0)
    await first.stop()
    expect(await isThere(join(dataDir, 'cluster', 'postmaster.pid'))).toBe(false)

    const second = await start(dataDir, {})
    expect(second.adopted).toBe(false)
    expect(await ask(second, 'SELECT value FROM kept')).toBe('still here')
    await second.stop()
    expect((await readdir(dataDir)).filter((name) => name.startsWith('.new-'))).toEqual([])
  })

  it('never logs statements or values', async () => {
    const server = await start(join(home, 'keeps'))
    await ask(server, 'CREATE TABLE secrets (value text PRIMARY KEY)')
    await ask(server, `INSERT INTO secrets VALUES ('hunter2-row')`)
    await expect(ask(server, `INSERT INTO secrets VALUES ('hunter2-row')`)).rejects.toThrow(/duplicate key/)
    await expect(ask(server, `SELECT 'hunter2-cast'::uuid AS value`)).rejects.toThrow(/invalid input syntax/)
    await server.stop()
    expect(lines.join('\n')).toContain('ready to accept connections')
    expect(lines.join('\n')).not.toContain('hunter2')
    expect(lines.filter((line) => !line.startsWith('info'))).toEqual([])
  })

  it('is shared by two starters at once, and stopped by the last to leave', async () => {
    const dataDir = join(home, 'together')
    const [one, two] = await Promise.all([start(dataDir), start(dataDir)])
    expect(one.adopted).not.toBe(two.adopted)
    const [owner, guest] = one.adopted ? [two, one] : [one, two]
    await ask(owner, 'CREATE TABLE shared AS SELECT 1 AS value')
    await owner.stop()
    expect(await ask(guest, 'SELECT value FROM shared')).toBe(1)
    await guest.stop()
    expect(await isThere(join(dataDir, 'cluster', 'postmaster.pid'))).toBe(false)
  })

  it('adopts the server of a killed process, and stops it', async () => {
    const dataDir = join(home, 'killed')
    const { child, adopted } = await startChild(dataDir)
    expect(adopted).toBe(false)
    const pid = await postmasterPid(dataDir)
    await kill(child)
    const server = await start(dataDir)
    expect(server.adopted).toBe(true)
    expect(await postmasterPid(dataDir)).toBe(pid)
    expect(await ask(server, 'SELECT 1 AS value')).toBe(1)
    await server.stop()
    expect(await isThere(join(dataDir, 'cluster', 'postmaster.pid'))).toBe(false)
  })

  it('leaves the server to a living process that shares it', async () => {
    const dataDir = join(home, 'killed')
    const { child } = await startChild(dataDir)
    const guest = await start(dataDir)
    expect(guest.adopted).toBe(true)
    await guest.stop()
    expect(await isThere(join(dataDir, 'cluster', 'postmaster.pid'))).toBe(true)
    child.stdin?.end()
    await once(child, 'exit')
    expect(await isThere(join(dataDir, 'cluster', 'postmaster.pid'))).toBe(false)
  })

  it('never signals a stranger that postmaster.pid names', async () => {
    const dataDir = join(home, 'killed')
    const socketDir = join(dataDir, 'run')
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    children.push(stranger)
    const fake = [stranger.pid, join(dataDir, 'cluster'), 1_700_000_000, 5432, socketDir, '', '  1  1', 'ready   ', '']
    await writeFile(join(dataDir, 'cluster', 'postmaster.pid'), fake.join('\n'), { mode: 0o600 })
    const server = await start(dataDir)
    expect(server.adopted).toBe(false)
    expect(await ask(server, 'SELECT 1 AS value')).toBe(1)
    await server.stop()
    expect(stranger.exitCode).toBeNull()
    expect(stranger.signalCode).toBeNull()
    expect(lines.filter((line) => line.startsWith('warn')).join()).toContain(`process ${stranger.pid}, which is not this database`)
  })

  it('comes back at the same address when the server dies', async () => {
    const dataDir = join(home, 'killed')
    const server = await start(dataDir)
    const pid = await postmasterPid(dataDir)
    process.kill(pid, 'SIGKILL')
    await expect.poll(() => ask(server, 'SELECT 1 AS value').catch(() => 'away'), { timeout: 20_000 }).toBe(1)
    expect(await postmasterPid(dataDir)).not.toBe(pid)
    await server.stop()
    expect(await isThere(join(dataDir, 'cluster', 'postmaster.pid'))).toBe(false)
  })

  it('puts its socket elsewhere when the path is too long for one', async () => {
    const dataDir = join(home, 'deep'.repeat(20), 'deeper'.repeat(10))
    const server = await start(dataDir)
    expect(server.connection.host.startsWith(dataDir)).toBe(false)
    expect(await ask(server, 'SELECT 1 AS value')).toBe(1)
    await server.stop()
    expect(await isThere(server.connection.host)).toBe(false)
  })

  it('refuses, with a sentence, what it cannot use', async () => {
    const version = join(home, 'keeps', 'cluster', 'PG_VERSION')
    await writeFile(version, '15\n')
    await expect(start(join(home, 'keeps'))).rejects.toThrow(/is of PostgreSQL 15, and this Portner carries 18.*DATABASE_URL/s)
    await writeFile(version, '18\n')
    await rm(join(home, 'keeps', 'cluster', 'portner-mark'))
    await expect(start(join(home, 'keeps'))).rejects.toThrow(/a PostgreSQL cluster that Portner did not make/)
    await expect(start(join(home, 'killed'), { 'fsync=off -c x': '1' })).rejects.toThrow(/not the name of a PostgreSQL setting/)
    await writeFile(join(home, 'file'), '')
    await expect(start(join(home, 'file', 'db'))).rejects.toThrow(/cannot be made \(ENOTDIR\)/)
  })

  if (process.getuid?.() === 0) {
    it('moves, as root, out of a directory that its account cannot reach', async () => {
      const closed = join(home, 'closed')
      await mkdir(closed, { mode: 0o700 })
      const server = await start(join(closed, 'db'))
      const location = (await readFile(join(closed, 'db', 'location'), 'utf8')).trim()
      expect(await ask<string>(server, `SELECT current_setting('data_directory') AS value`)).toBe(join(location, 'cluster'))
      expect(lines[0]).toMatch(/^warn the embedded database lies in \/var\/lib\/portner\/.*cannot pass/)
      await server.stop()
      await rm(location, { recursive: true })
    })
  }

  it('reads the levels of PostgreSQL', () => {
    expect(parseLine('LOG:  database system is ready')).toEqual({ level: 'info', text: 'database system is ready' })
    expect(parseLine('FATAL:  sorry, too many clients already')).toEqual({ level: 'warn', text: 'sorry, too many clients already' })
    expect(parseLine('PANIC:  could not write')).toEqual({ level: 'error', text: 'could not write' })
  })
})
