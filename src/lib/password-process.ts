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

let running = 0

function processorTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Milliseconds in which a job stood still because somebody else wanted the processor. */
async function withTimeHeldUp<T>(job: () => Promise<T>): Promise<{ readonly value: T; readonly heldUp: number }> {
  const [since, spent] = [performance.now(), processorTime()]
  const atOnce = ++running
  try {
    const value = await job()
    return { value, heldUp: Math.max(0, performance.now() - since - (processorTime() - spent) / atOnce) }
  } finally {
    running--
  }
}

process.on('message', (job: Job) => {
  withTimeHeldUp(() => work(job)).then(
    (done) => process.send?.({ id: job.id, ...done }),
    () => process.send?.({ id: job.id, failed: true }),
  )
})
process.on('disconnect', () => process.exit(0))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
