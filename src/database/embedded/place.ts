import { randomBytes } from 'node:crypto'
import { chmod, chown, link, lstat, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Account, barrier, chooseAccount, isRoot } from './account.ts'
import { codeOf, EmbeddedPostgresError, INSTEAD } from './fault.ts'
import type { Log } from './log-lines.ts'

// Owns where things lie and whose they are. As root the directory and the binaries stay root's, so that a broken-into database cannot
// replace what the next start executes; only the cluster and the socket directory belong to the database's account.

export interface Place {
  /** Resolved directory that holds everything below. */
  readonly root: string
  /** The cluster (PGDATA). */
  readonly cluster: string
  readonly account: Account | undefined
}

const RELOCATED = '/var/lib/portner'
const POINTER = 'location'
const SOCKET = '.s.PGSQL.5432'
// sun_path is 108 bytes on Linux and 104 on macOS, with the closing NUL.
const SOCKET_PATH_MOST = 103

async function ownDirectory(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: isRoot() ? 0o755 : 0o700 }).catch((error: unknown) => {
    throw new EmbeddedPostgresError(`The data directory ${path} cannot be made (${codeOf(error) ?? 'unknown error'}). Choose another with PORTNER_DATA_DIR. ${INSTEAD}`, error)
  })
  const root = await realpath(path)
  const { uid } = await lstat(root)
  if (process.getuid !== undefined && uid !== process.getuid()) {
    throw new EmbeddedPostgresError(`The data directory ${root} belongs to user id ${uid}. Start Portner as that user, or choose another directory with PORTNER_DATA_DIR.`)
  }
  await chmod(root, isRoot() ? 0o711 : 0o700)
  return root
}

// The pointer lies in the directory that was asked for: who deletes that directory starts anew, as everywhere else.
async function relocated(root: string): Promise<string> {
  const draft = join(root, `.${POINTER}-${randomBytes(6).toString('hex')}`)
  await writeFile(draft, `${join(RELOCATED, randomBytes(6).toString('hex'))}\n`, { mode: 0o600, flag: 'wx' })
  await link(draft, join(root, POINTER)).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error
  })
  await rm(draft)
  await mkdir(RELOCATED, { recursive: true, mode: 0o711 })
  return ownDirectory((await readFile(join(root, POINTER), 'utf8')).trim())
}

/** Makes and checks the data directory; moves to /var/lib/portner when root's choice cannot be reached by the database's account. */
export async function preparePlace(dataDir: string, log: Log): Promise<Place> {
  const asked = await ownDirectory(resolve(dataDir))
  const account = await chooseAccount(join(asked, 'cluster'))
  if (account === undefined) return { root: asked, cluster: join(asked, 'cluster'), account }
  const blocked = await barrier(account, asked)
  if (blocked === undefined) return { root: asked, cluster: join(asked, 'cluster'), account }
  const root = await relocated(asked)
  const cluster = join(root, 'cluster')
  const owner = (await chooseAccount(cluster)) ?? account
  const still = await barrier(owner, root)
  if (still !== undefined) throw new EmbeddedPostgresError(`${account.name}, as whom PostgreSQL runs, can reach neither ${asked} nor ${root}: ${still} is closed to it. ${INSTEAD}`)
  log('warn', `the embedded database lies in ${root}: ${owner.name}, as whom it runs because root may not, cannot pass ${blocked}`)
  return { root, cluster, account: owner }
}

async function reachable(account: Account | undefined, path: string): Promise<boolean> {
  return account === undefined || (await barrier(account, path).catch(() => path)) === undefined
}

/** Hands a directory that we made to the database's account. */
export async function give(account: Account | undefined, path: string): Promise<void> {
  if (account !== undefined) await chown(path, account.uid, account.gid)
}

async function inRoot(place: Place): Promise<string> {
  const path = join(place.root, 'run')
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error
  })
  if (!(await lstat(path)).isDirectory()) throw new EmbeddedPostgresError(`${path} is not a directory.`)
  await give(place.account, path)
  return path
}

/** A directory (mode 0700) for the socket whose path is short enough: in the place, else a fresh one under the system's temporary directory. */
export async function socketDirectory(place: Place): Promise<string> {
  if (Buffer.byteLength(join(place.root, 'run', SOCKET)) <= SOCKET_PATH_MOST) return inRoot(place)
  for (const parent of [tmpdir(), '/tmp']) {
    if (Buffer.byteLength(join(parent, 'portner-XXXXXX', SOCKET)) > SOCKET_PATH_MOST || !(await reachable(place.account, parent))) continue
    const path = await mkdtemp(join(parent, 'portner-'))
    await give(place.account, path)
    return path
  }
  throw new EmbeddedPostgresError(`There is no directory with a path short enough for a socket: ${place.root} is too deep and so is ${tmpdir()}. Choose another with PORTNER_DATA_DIR.`)
}
