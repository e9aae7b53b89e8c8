import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { EmbeddedPostgresError, INSTEAD } from './fault.ts'

// Owns the question as whom PostgreSQL runs: it refuses to run as root, so a root Portner hands it to another account.

export interface Account {
  readonly uid: number
  readonly gid: number
  readonly name: string
}

const CANDIDATES = ['postgres', '_postgres', 'nobody'] as const

const run = promisify(execFile)

export function isRoot(): boolean {
  return process.getuid?.() === 0
}

/** Options for spawn that drop to the account; none when we are not root. */
export function asAccount(account: Account | undefined): { uid?: number; gid?: number } {
  return account === undefined ? {} : { uid: account.uid, gid: account.gid }
}

async function numberOf(flag: '-u' | '-g', name: string): Promise<number | undefined> {
  try {
    const { stdout } = await run('id', [flag, name])
    const value = Number(stdout.trim())
    // macOS prints nobody as -2.
    return Number.isInteger(value) ? value >>> 0 : undefined
  } catch {
    return undefined
  }
}

async function accountNamed(name: string): Promise<Account | undefined> {
  const [uid, gid] = await Promise.all([numberOf('-u', name), numberOf('-g', name)])
  return uid === undefined || gid === undefined || uid === 0 ? undefined : { uid, gid, name }
}

// A cluster keeps the account that made it, even if a better one was added to the machine since.
async function ownerOf(clusterDir: string): Promise<Account | undefined> {
  const found = await stat(clusterDir).catch(() => undefined)
  return found === undefined || found.uid === 0 ? undefined : { uid: found.uid, gid: found.gid, name: `user id ${found.uid}` }
}

/** The account that PostgreSQL gets when we are root: the owner of the cluster, `postgres`, else `nobody`. Undefined: run as ourselves. */
export async function chooseAccount(clusterDir: string): Promise<Account | undefined> {
  if (!isRoot()) return undefined
  const owner = await ownerOf(clusterDir)
  if (owner !== undefined) return owner
  for (const name of CANDIDATES) {
    const account = await accountNamed(name)
    if (account !== undefined) return account
  }
  throw new EmbeddedPostgresError(`PostgreSQL does not run as root and there is no account "postgres" or "nobody". Start Portner as an ordinary user. ${INSTEAD}`)
}

// Mode bits alone: an access list that grants more only makes us choose another directory.
function mayPass(account: Account, directory: { uid: number; gid: number; mode: number }): boolean {
  if (directory.uid === account.uid) return (directory.mode & 0o100) !== 0
  if (directory.gid === account.gid) return (directory.mode & 0o010) !== 0
  return (directory.mode & 0o001) !== 0
}

/** The first directory on the way from `/` to `path` that the account may not pass; undefined when it reaches `path`. */
export async function barrier(account: Account, path: string): Promise<string | undefined> {
  const steps: string[] = [path]
  for (let at = path; at !== dirname(at); at = dirname(at)) steps.unshift(dirname(at))
  for (const step of steps) {
    if (!mayPass(account, await stat(step))) return step
  }
  return undefined
}
