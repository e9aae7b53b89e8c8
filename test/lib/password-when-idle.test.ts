import { type ChildProcess, spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { afterAll, expect, test } from 'vitest'
import { startPasswordHasher } from '../../src/lib/password.ts'

// A machine on which no processor is ever idle: others always have work.

const others: ChildProcess[] = Array.from({ length: availableParallelism() }, () => spawn(process.execPath, ['-e', 'for (;;) {}'], { stdio: 'ignore' }))
const hasher = startPasswordHasher({ whenIdle: true })

afterAll(() => {
  hasher.close()
  for (const other of others) other.kill('SIGKILL')
})

test('passwords that wait for an idle moment on a busy machine get their turn, those in line too', { timeout: 30_000 }, async () => {
  const phc = await hasher.hash('correct horse')
  const answers = await Promise.all(['correct horse', 'battery staple', 'correct horse'].map((password) => hasher.verify(phc, password)))
  expect(answers).toEqual([true, false, true])
})
