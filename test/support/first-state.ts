import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog } from '../../src/audit/log.ts'
import { type Config, readConfig } from '../../src/config.ts'
import type { Context } from '../../src/context.ts'
import { applyDeclarations } from '../../src/declarations/apply.ts'
import { offered } from '../../src/endpoints/offered.ts'
import { type PasswordHasher, startPasswordHasher } from '../../src/lib/password.ts'
import { openContext } from '../../src/open-context.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'
import { world } from './world.ts'

// Owns what a test server has before its first story: settings, keys, and the people and clients of world.ts. Drawing the keys and applying the
// world take longer than the rest of a start; each worker does both once, and copies the database.

export interface TestServerOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Instead of the usual organizations, people and clients. */
  readonly documents?: string
}

interface Prepared {
  /** Databases that nobody is in: one with keys alone, and one with the usual world, too. */
  readonly keyed: string
  readonly peopled: string
  /** What their keys are sealed with. */
  readonly secretKey: string
}

const SECRET_KEY = 'secret-key'
let prepared: Promise<Prepared> | undefined
const open = new Set<string>()

const hasher = startPasswordHasher()
const checked = new Map<string, boolean>()

/**
 * The real password process, one for all servers of a worker: it keeps nothing between two passwords, and ends with the worker. Whether a
 * password is the one of a hash never changes, and the stories ask for the same ones again and again.
 */
export const passwords: PasswordHasher = {
  ...hasher,
  verify: async (phc, password) => {
    const pair = JSON.stringify([phc, password])
    const answer = checked.get(pair) ?? (await hasher.verify(phc, password))
    checked.set(pair, answer)
    return answer
  },
}

export function settings(port: number, dataDir: string, env: TestServerOptions['env'] = {}): Config {
  return readConfig({ PORT: String(port), HOST: 'localhost', PORTNER_DATA_DIR: dataDir, PORTNER_TEST_CLOCK: '1', PORTNER_DB_POOL: '20', LOG_LEVEL: 'debug', ...env }, { demo: false })
}

/** Applies YAML documents, as files of the operator. */
export async function declare(ctx: Context, yaml: string): Promise<void> {
  await applyDeclarations(ctx, [{ name: 'test.yaml', text: yaml, directory: '.' }], { offered, prune: false, demo: true, env: {} })
}

async function prepare(): Promise<Prepared> {
  const dataDir = await mkdtemp(join(tmpdir(), 'portner-test-'))
  const visit = async ({ connection }: TestDatabase, work: (ctx: Context) => Promise<void>): Promise<string> => {
    const { ctx, close } = await openContext(settings(1, dataDir), { connection: { ...connection, ssl: false }, log: createLog('error'), passwords })
    await work(ctx)
    await close()
    return connection.database
  }
  const keyed = await visit(await createTestDatabase(), async () => {})
  const peopled = await visit(await createTestDatabase(keyed), (ctx) => declare(ctx, world))
  const secretKey = await readFile(join(dataDir, SECRET_KEY), 'utf8')
  await rm(dataDir, { recursive: true })
  return { keyed, peopled, secretKey }
}

/**
 * The database of a new server, with or without the usual world in it. Servers that are open at the same time must not have each other's keys,
 * or a token of one could be good at the other: only one of them gets the prepared state.
 */
export async function takeFirstState(dataDir: string, { documents, env }: TestServerOptions): Promise<{ readonly database: TestDatabase; readonly hasWorld: boolean }> {
  const isAlone = open.size === 0
  open.add(dataDir)
  if (!isAlone || env?.['PORTNER_SECRET_KEY'] !== undefined) return { database: await createTestDatabase(), hasWorld: false }
  const { keyed, peopled, secretKey } = await (prepared ??= prepare())
  await writeFile(join(dataDir, SECRET_KEY), secretKey, { mode: 0o600 })
  return { database: await createTestDatabase(documents === undefined ? peopled : keyed), hasWorld: documents === undefined }
}

/** A server that is closed has no keys any more. */
export function giveUpState(dataDir: string): void {
  open.delete(dataDir)
}
