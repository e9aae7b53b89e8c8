import { execFile } from 'node:child_process'
import { setPriority } from 'node:os'
import { promisify } from 'node:util'
import { hash } from 'argon2'
import { ARGON2ID, verifyPasswordHash } from './password-hash.ts'

// The child process that hashes passwords. argon2 works on libuv's pool, which every thread of a process shares with dns.lookup and
// WebCrypto: in the server itself a flood of logins would stop the token endpoint. Here it has a pool of its own and a low priority.

type Job = { readonly id: number; readonly password: string; readonly phc?: string }

try {
  setPriority(10)
} catch {
  // A container may forbid it; the queue in front still bounds what hashing takes.
}

/**
 * Linux lets a process of low priority finish its slice, some milliseconds, before one that has just got work. One that runs only when nobody
 * else wants to (SCHED_IDLE) is stopped at once. Node has no call for it; where there is no `chrt`, the low priority is all.
 */
async function runWhenIdle(): Promise<void> {
  await promisify(execFile)('chrt', ['-a', '-i', '-p', '0', String(process.pid)]).catch(() => undefined)
}

// Before the first hash: the threads that hash have it from this one.
const ready = process.argv.includes('when-idle') ? runWhenIdle() : undefined

async function work(job: Job): Promise<string | boolean> {
  await ready
  if (job.phc === undefined) return hash(job.password, ARGON2ID)
  return verifyPasswordHash(job.phc, job.password)
}

process.on('message', (job: Job) => {
  work(job).then(
    (value) => process.send?.({ id: job.id, value }),
    () => process.send?.({ id: job.id, failed: true }),
  )
})
process.on('disconnect', () => process.exit(0))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
