import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { lchown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { asAccount } from './account.ts'
import type { Binaries } from './binaries.ts'
import { codeOf, EmbeddedPostgresError, INSTEAD, messageOf } from './fault.ts'
import { give, type Place } from './place.ts'
import { OWN_ENVIRONMENT } from './environment.ts'

// Owns the making of a cluster, once, and the mark by which it is known again.

export const SUPERUSER = 'portner'
const MARK = 'portner-mark'
const PASSWORD = 'portner-password'
const onWindows = process.platform === 'win32'

const run = promisify(execFile)

export interface Cluster {
  /** Random name of this cluster; its server carries it as cluster_name. */
  readonly mark: string
  /** Windows only, where the server listens on 127.0.0.1. */
  readonly password?: string
}

async function versionOf(cluster: string): Promise<string | undefined> {
  try {
    return (await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw new EmbeddedPostgresError(`The cluster ${cluster} cannot be read (${codeOf(error) ?? 'unknown error'}).`, error)
  }
}

// O_EXCL: a link planted in the cluster's directory is not followed.
async function writeOwned(place: Place, path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600, flag: 'wx' })
  if (place.account !== undefined) await lchown(path, place.account.uid, place.account.gid)
}

async function initdb(binaries: Binaries, place: Place, draft: string, sync: boolean): Promise<void> {
  const password = join(place.root, `.new-${randomBytes(6).toString('hex')}`)
  const secret = randomBytes(24).toString('base64url')
  if (onWindows) await writeFile(password, secret, { mode: 0o600, flag: 'wx' })
  const auth = onWindows ? ['--auth=scram-sha-256', `--pwfile=${password}`] : ['--auth=trust']
  const shape = ['-E', 'UTF8', '--locale=C', '--wal-segsize=4', '--no-instructions', ...(sync ? [] : ['--no-sync'])]
  try {
    await run(binaries.initdb, ['-D', draft, '-U', SUPERUSER, ...auth, ...shape], { cwd: place.root, env: OWN_ENVIRONMENT, ...asAccount(place.account) })
    await writeOwned(place, join(draft, MARK), randomBytes(16).toString('hex'))
    if (onWindows) await writeOwned(place, join(draft, PASSWORD), secret)
  } finally {
    await rm(password, { force: true })
  }
}

// Made beside and renamed: a cluster is whole or not there, and of two starters at once one wins.
async function make(binaries: Binaries, place: Place, sync: boolean): Promise<void> {
  const draft = join(place.root, `.new-${randomBytes(6).toString('hex')}`)
  await mkdir(draft, { mode: 0o700 })
  await give(place.account, draft)
  try {
    await initdb(binaries, place, draft, sync)
    await rename(draft, place.cluster)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    if ((await versionOf(place.cluster)) !== undefined) return
    throw new EmbeddedPostgresError(`The embedded database could not be made in ${place.root}: ${messageOf(error).trim()}. ${INSTEAD}`, error)
  }
}

async function readCluster(place: Place): Promise<Cluster> {
  const mark = await readFile(join(place.cluster, MARK), 'utf8').catch((error: unknown) => {
    throw new EmbeddedPostgresError(`${place.cluster} is a PostgreSQL cluster that Portner did not make (${MARK} is missing). Choose another directory with PORTNER_DATA_DIR.`, error)
  })
  return onWindows ? { mark, password: await readFile(join(place.cluster, PASSWORD), 'utf8') } : { mark }
}

/** Makes the cluster when there is none; `sync` false leaves it to the page cache. Throws when it is of another major version or not ours. */
export async function ensureCluster(binaries: Binaries, place: Place, sync: boolean): Promise<Cluster> {
  if ((await versionOf(place.cluster)) === undefined) await make(binaries, place, sync)
  const version = await versionOf(place.cluster)
  if (version !== binaries.major) {
    throw new EmbeddedPostgresError(
      `The database in ${place.cluster} is of PostgreSQL ${version ?? 'unknown'}, and this Portner carries ${binaries.major}, which cannot read it. ` +
        `Run the Portner that made it, or choose another directory with PORTNER_DATA_DIR. ${INSTEAD}`,
    )
  }
  return readCluster(place)
}
