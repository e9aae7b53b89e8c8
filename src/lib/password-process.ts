import { setPriority } from 'node:os'
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

async function work(job: Job): Promise<string | boolean> {
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
