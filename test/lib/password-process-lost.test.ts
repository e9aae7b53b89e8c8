import { execFileSync } from 'node:child_process'
import { afterAll, expect, test } from 'vitest'
import { PasswordsBusy, startPasswordHasher } from '../../src/lib/password.ts'

// The process that hashes may end at any moment: a machine without memory looks for what it can kill.

const hasher = startPasswordHasher()
afterAll(() => hasher.close())

/** The processes that hash for this one: other stories' may be there already. */
function hashing(): readonly number[] {
  const all = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' })
  return [...all.matchAll(/^ *(\d+) .*password-process/gm)].map(([, pid]) => Number(pid))
}

test('whoever asks before its end is known is told to come again, and the server goes on', { timeout: 30_000 }, async () => {
  const others = hashing()
  const phc = await hasher.hash('correct horse')
  const own = hashing().filter((pid) => !others.includes(pid))
  expect(own).toHaveLength(1)
  for (const pid of own) process.kill(pid, 'SIGKILL')
  // It is gone, and nobody has told us yet.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
  await expect(hasher.verify(phc, 'correct horse')).rejects.toThrow(PasswordsBusy)
  expect(await hasher.verify(phc, 'correct horse')).toBe(true)
})
