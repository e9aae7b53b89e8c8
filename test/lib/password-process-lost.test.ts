import { execFileSync } from 'node:child_process'
import { afterAll, expect, test } from 'vitest'
import { PasswordsBusy, startPasswordHasher } from '../../src/lib/password.ts'

// The process that hashes may end at any moment: a machine without memory looks for what it can kill.

const hasher = startPasswordHasher()
afterAll(() => hasher.close())

function kill(): void {
  const all = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' })
  const pid = Number(/^ *(\d+) .*password-process/m.exec(all)?.[1])
  process.kill(pid, 'SIGKILL')
}

test('whoever asks before its end is known is told to come again, and the server goes on', { timeout: 30_000 }, async () => {
  const phc = await hasher.hash('correct horse')
  kill()
  // It is gone, and nobody has told us yet.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
  await expect(hasher.verify(phc, 'correct horse')).rejects.toThrow(PasswordsBusy)
  expect(await hasher.verify(phc, 'correct horse')).toBe(true)
})
