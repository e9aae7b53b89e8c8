import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp } from '../../src/app.ts'
import { createLog } from '../../src/audit/log.ts'
import { offered } from '../../src/endpoints/offered.ts'
import { readConfig } from '../../src/config.ts'
import type { Context } from '../../src/context.ts'
import { applyDeclarations } from '../../src/declarations/apply.ts'
import { demoDocuments } from '../../src/demo/demo-data.ts'
import { giveDemoFactor } from '../../src/demo/demo-factor.ts'
import { giveDemoRoles } from '../../src/demo/demo-roles.ts'
import { openContext } from '../../src/open-context.ts'
import { freePort } from '../support/app.ts'
import { passwords } from '../support/first-state.ts'
import { createTestDatabase } from '../support/database.ts'

export interface DemoServer {
  readonly issuer: string
  readonly ctx: Context
  /** What a command needs to work on the same database. */
  readonly env: Readonly<Record<string, string>>
  /** Everything that was logged, as text. */
  readonly logged: () => string
  /** Moves the clock of server and database, where PORTNER_TEST_CLOCK lets it. */
  readonly advance: (seconds: number) => Promise<void>
  readonly close: () => Promise<void>
}

/** What `portner serve --demo` serves, on a database of its own. */
export async function startDemoServer(env: Readonly<Record<string, string>> = {}): Promise<DemoServer> {
  const [port, database, dataDir] = await Promise.all([freePort(), createTestDatabase(), mkdtemp(join(tmpdir(), 'portner-demo-'))])
  const config = readConfig({ PORT: String(port), PORTNER_DATA_DIR: dataDir, ...env }, { demo: true })
  let lines = ''
  const opened = await openContext(config, { connection: { ...database.connection, ssl: false }, log: createLog('info', { write: (line) => void (lines += line) }), passwords })
  await applyDeclarations(opened.ctx, [{ name: '<demo>', text: demoDocuments(config.issuer), directory: '.' }], { offered, prune: false, demo: true, env: {} })
  await giveDemoFactor(opened.ctx)
  await giveDemoRoles(opened.ctx)
  const app = await buildApp(opened)
  await app.listen({ port, host: 'localhost' })
  return {
    issuer: config.issuer,
    ctx: opened.ctx,
    env: { PORT: String(port), DATABASE_URL: database.url, PORTNER_DATA_DIR: dataDir, LOG_LEVEL: 'silent' },
    logged: () => lines,
    advance: async (seconds) => void (await opened.moveClock?.(seconds)),
    close: async () => {
      await app.close()
      await opened.close()
      await database.drop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
