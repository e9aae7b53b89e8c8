import { readdir, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join as joinPath } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findServer } from './adopt.ts'
import { type Binaries, prepareBinaries } from './binaries.ts'
import { EmbeddedPostgresError, messageOf } from './fault.ts'
import { type Cluster, ensureCluster } from './initialise.ts'
import { ClusterInUse, launch } from './launch.ts'
import type { Launched } from './launched.ts'
import type { Log } from './log-lines.ts'
import { type Address, addressOf, DATABASE, join, type Membership } from './membership.ts'
import { type Place, preparePlace } from './place.ts'
import { readPostmaster } from './postmaster.ts'
import { stopServer } from './stop.ts'

// Owns a real PostgreSQL for machines that have none: its files, its process, and its return after a crash. It does not own what is in the
// database, and nothing here knows of Portner's tables.

export interface EmbeddedPostgres {
  /** `host` is the directory of a unix socket (on Windows 127.0.0.1). Connect with `ssl: false`. */
  readonly connection: { readonly host: string; readonly port: number; readonly user: string; readonly database: string; readonly password?: string }
  /** True when the server was already running: left by a killed process, or shared with a living one. */
  readonly adopted: boolean
  /** Leaves the server; the last process to leave stops it. Ten seconds at most; never throws. */
  stop(): Promise<void>
}

export interface EmbeddedPostgresOptions {
  /** Made when missing, and closed to everyone else (as root: passable, because the database runs under another account). */
  readonly dataDir: string
  readonly log: Log
  /** Server settings (`postgres -c name=value`) over the defaults. */
  readonly settings?: Readonly<Record<string, string>>
}

interface Ground {
  readonly place: Place
  readonly binaries: Binaries
  readonly cluster: Cluster
  readonly settings: Readonly<Record<string, string>>
  readonly log: Log
}

interface Running {
  readonly pid: number
  readonly address: Address
  readonly membership: Membership
  readonly launched: Launched | undefined
}

const START_MOST_MS = 60_000
const AGAIN_MS = 100
const STOP_MOST_MS = 9900
const BACK_MOST_MS = 5000
const SETTING = /^[a-z][a-z0-9_.]*$/

// Only the process whose server runs may tidy: half-made copies of starters that were cut short, and binaries of earlier versions.
async function tidy({ place, binaries }: Ground): Promise<void> {
  for (const name of await readdir(place.root)) {
    const stale = name.startsWith('.new-') || (name.startsWith('bin-') && name !== basename(binaries.directory))
    if (stale) await rm(joinPath(place.root, name), { recursive: true, force: true }).catch(() => {})
  }
}

async function launchAndJoin(ground: Ground, socketDir: string | undefined): Promise<Running> {
  const launched = await launch({ ...ground, socketDir })
  try {
    const found = await readPostmaster(ground.place)
    if (found?.pid !== launched.pid) throw new ClusterInUse()
    const address = addressOf(found, ground.cluster)
    const membership = await join(address, ground.place, ground.cluster)
    await tidy(ground)
    return { pid: found.pid, address, membership, launched }
  } catch (error) {
    await stopServer(ground.binaries, ground.place, launched.pid, ground.log)
    throw error
  }
}

async function findOrLaunch(ground: Ground, socketDir: string | undefined): Promise<Running> {
  const found = await findServer(ground.place, ground.log)
  if (found === undefined) return launchAndJoin(ground, socketDir)
  const address = addressOf(found, ground.cluster)
  return { pid: found.pid, address, membership: await join(address, ground.place, ground.cluster), launched: undefined }
}

// A server may start, stop or recover under our hands: everything but a plain refusal is tried again.
async function enter(ground: Ground, socketDir: string | undefined): Promise<Running> {
  const until = Date.now() + START_MOST_MS
  for (;;) {
    try {
      return await findOrLaunch(ground, socketDir)
    } catch (error) {
      if (error instanceof EmbeddedPostgresError) throw error
      if (Date.now() > until) throw new EmbeddedPostgresError(`The embedded PostgreSQL in ${ground.place.root} does not come up: ${messageOf(error)}`, error)
      await sleep(AGAIN_MS)
    }
  }
}

async function leave(ground: Ground, running: Running): Promise<void> {
  const { place, binaries, log } = ground
  const alone = await running.membership.leave().catch(() => false)
  if (alone) await stopServer(binaries, place, running.pid, log)
  await running.membership.close()
  running.launched?.release()
  const socketDir = running.address.host
  // A socket directory outside the place was made for this run; with files in it, it stays.
  if (alone && socketDir.startsWith('/') && dirname(socketDir) !== place.root) await rmdir(socketDir).catch(() => {})
}

function quietWhileStopping(log: Log, stopping: () => boolean): Log {
  return (level, line) => log(stopping() ? 'info' : level, line)
}

async function lay(options: EmbeddedPostgresOptions, log: Log): Promise<Ground> {
  const settings = options.settings ?? {}
  const odd = Object.keys(settings).find((name) => !SETTING.test(name))
  if (odd !== undefined) throw new EmbeddedPostgresError(`"${odd}" is not the name of a PostgreSQL setting.`)
  const place = await preparePlace(options.dataDir, log)
  const binaries = await prepareBinaries(place)
  return { place, binaries, cluster: await ensureCluster(binaries, place, settings['fsync'] !== 'off'), settings, log }
}

/**
 * Starts PostgreSQL on a directory, or joins the one that already runs there, with an empty database `portner` on the first start. A server
 * that dies is started again at the same address. Throws EmbeddedPostgresError with a sentence for the operator.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  let stopping: Promise<void> | undefined
  const isStopping = (): boolean => stopping !== undefined
  const ground = await lay(options, quietWhileStopping(options.log, isStopping))
  let running = await enter(ground, undefined)
  const { address } = running
  const adopted = running.launched === undefined

  async function comeBack(): Promise<void> {
    for (let wait = AGAIN_MS; !isStopping(); wait = Math.min(wait * 2, BACK_MOST_MS)) {
      const next = await enter(ground, address.host).catch((error: unknown) => ground.log('error', messageOf(error)))
      if (next !== undefined) {
        // Only the connection was lost: the process, and the pipe of its log, are still the first ones.
        const launched = next.launched ?? (next.pid === running.pid ? running.launched : undefined)
        running = { ...next, launched }
        if (isStopping()) await leave(ground, running)
        return
      }
      await sleep(wait)
    }
  }

  async function keep(): Promise<void> {
    for (;;) {
      await running.membership.lost
      if (isStopping()) return
      ground.log('warn', 'the embedded PostgreSQL ended or dropped our connection; starting it again')
      await comeBack()
    }
  }

  const kept = keep()
  async function end(): Promise<void> {
    await Promise.race([leave(ground, running).then(() => kept), sleep(STOP_MOST_MS, undefined, { ref: false })])
  }
  return {
    connection: { ...address, database: DATABASE },
    adopted,
    stop: () => (stopping ??= end().catch((error: unknown) => ground.log('error', messageOf(error)))),
  }
}
