import { createServer } from 'node:http'
import { describe, expect, test } from 'vitest'
import { CircuitOpen, type CircuitOptions, createCircuit } from '../../src/lib/circuit.ts'
import { createGuardedFetch, FetchFailure } from '../../src/lib/guarded-fetch.ts'

class Silence extends Error {}

function circuitWith(options: Partial<CircuitOptions> = {}) {
  let time = 0
  const changes: boolean[] = []
  const circuit = createCircuit({ atOnce: 2, waiting: 3, failures: 3, pause: 1000, isSilence: (error) => error instanceof Silence, now: () => time, onChange: (isOpen) => changes.push(isOpen), ...options })
  return { circuit, changes, wait: (milliseconds: number) => void (time += milliseconds) }
}

const fails = () => Promise.reject(new Silence())
const answers = () => Promise.resolve('answer')
const refuses = () => Promise.reject(new Error('no'))

/** Work that ends when it is told to. */
function held() {
  let end = (): void => undefined
  const done = new Promise<void>((resolve) => (end = resolve))
  return { work: () => done, end: () => end() }
}

async function fail(circuit: ReturnType<typeof createCircuit>, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await expect(circuit.run(fails)).rejects.toBeInstanceOf(Silence)
}

describe('silences', () => {
  test('in a row make nobody ask, for a while', async () => {
    const { circuit, changes } = circuitWith()
    await fail(circuit, 3)
    let asked = false
    await expect(circuit.run(async () => void (asked = true))).rejects.toMatchObject({ reason: 'silent' })
    expect([asked, circuit.isOpen(), changes]).toEqual([false, true, [true]])
  })

  test('with an answer between them do not, and a refusal is an answer', async () => {
    const { circuit } = circuitWith()
    await fail(circuit, 2)
    await circuit.run(answers)
    await fail(circuit, 2)
    await expect(circuit.run(refuses)).rejects.toThrow('no')
    await fail(circuit, 2)
    expect(circuit.isOpen()).toBe(false)
  })

  test('are neither counted nor forgotten by what says nothing of the peer', async () => {
    const { circuit, changes, wait } = circuitWith({ isSilence: (error) => (error instanceof Silence ? true : undefined) })
    await fail(circuit, 2)
    await expect(circuit.run(refuses)).rejects.toThrow('no')
    await fail(circuit, 1)
    expect(circuit.isOpen()).toBe(true)
    wait(1000)
    await expect(circuit.run(refuses)).rejects.toThrow('no')
    expect(changes).toEqual([true])
    expect(await circuit.run(answers)).toBe('answer')
  })

  test('end when one try after the pause is answered; only one is made', async () => {
    const { circuit, changes, wait } = circuitWith()
    await fail(circuit, 3)
    wait(1000)
    const probe = held()
    const trying = circuit.run(probe.work)
    await Promise.resolve()
    await expect(circuit.run(answers)).rejects.toBeInstanceOf(CircuitOpen)
    probe.end()
    await trying
    expect(await circuit.run(answers)).toBe('answer')
    expect(changes).toEqual([true, false])
  })

  test('go on when that try is silent too', async () => {
    const { circuit, wait } = circuitWith()
    await fail(circuit, 3)
    wait(1000)
    await fail(circuit, 1)
    await expect(circuit.run(answers)).rejects.toBeInstanceOf(CircuitOpen)
    wait(1000)
    expect(await circuit.run(answers)).toBe('answer')
  })

  test('are not waited for by those who stand in line', async () => {
    const { circuit } = circuitWith({ atOnce: 1 })
    const first = circuit.run(fails)
    const line = Array.from({ length: 3 }, () => circuit.run(fails))
    const outcomes = await Promise.allSettled([first, ...line])
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason instanceof Silence)).toEqual([true, true, true, false])
  })
})

describe('a peer', () => {
  test('is asked so many things at once, so many wait, and more are turned away', async () => {
    const { circuit } = circuitWith()
    const works = Array.from({ length: 5 }, held)
    let running = 0
    const runs = works.map(({ work }) => circuit.run(async () => {
      running += 1
      await work()
      running -= 1
    }))
    await Promise.resolve()
    await Promise.resolve()
    expect(running).toBe(2)
    await expect(circuit.run(answers)).rejects.toMatchObject({ reason: 'busy' })
    for (const { end } of works) end()
    await Promise.all(runs)
    expect([running, circuit.isIdle()]).toEqual([0, true])
    expect(await circuit.run(answers)).toBe('answer')
  })
})

describe('a host that is fetched from', () => {
  test('and is gone is left alone after five tries; another is not', async () => {
    const server = createServer((_request, response) => void response.end('here'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const good = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`
    const changes: unknown[] = []
    const { fetch, close } = createGuardedFetch({ loopback: true, onCircuit: (...change) => changes.push(change) })
    const reasons: unknown[] = []
    for (let i = 0; i < 7; i++) await fetch('http://127.0.0.1:9/').catch((error: unknown) => reasons.push(error instanceof FetchFailure && error.reason))
    expect(reasons).toEqual([...Array.from({ length: 5 }, () => 'unreachable'), 'not-asked', 'not-asked'])
    expect(await (await fetch(good)).text()).toBe('here')
    expect(changes).toEqual([['127.0.0.1:9', true]])
    await close()
    await new Promise((resolve) => server.close(resolve))
  })
})
