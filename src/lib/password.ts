import { type ChildProcess, fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

/** Thrown when the queue of passwords is full or slow: the caller answers 429 with Retry-After and has counted nothing. */
export class PasswordsBusy extends Error {}

export interface PasswordHasher {
  /** argon2id in PHC text, 19 MiB, t=2, p=1 (OWASP's floor). */
  hash(password: string): Promise<string>
  /** Against a hash in any form of password-hash.ts. */
  verify(phc: string, password: string): Promise<boolean>
  close(): void
}

interface Waiting {
  readonly password: string
  readonly phc: string | undefined
  readonly resolve: (value: string | boolean) => void
  readonly reject: (error: Error) => void
  /** Of waiting in the queue, then of being hashed. */
  deadline: NodeJS.Timeout
}

export interface PasswordHasherOptions {
  /** Hash only while nobody else on the machine wants the processor, as long as that does not take for ever. */
  readonly whenIdle?: boolean
}

const QUEUE = 32
const DEADLINE_MS = 2000
/** A hash takes some fifty milliseconds. One that takes this long waits for an idle moment that does not come. */
const STARVED_MS = 1000
/** Then everybody gets turns for a while. */
const IN_TURN_MS = 60_000
const LONGEST_REST_MS = 100
const AT_ONCE = Math.max(1, availableParallelism() - 1)

/** Each hash fills 19 MiB in an order that nobody can foresee: in pages of 2 MiB it costs a tenth less. For glibc; elsewhere the variable says nothing. */
const MEMORY = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' }

function start(whenIdle: boolean): ChildProcess {
  const url = new URL(import.meta.url.endsWith('.ts') ? './password-process.ts' : './password-process.js', import.meta.url)
  const execArgv = url.pathname.endsWith('.ts') ? ['--import', 'tsx'] : []
  const child = fork(fileURLToPath(url), whenIdle ? ['when-idle'] : [], { execArgv, serialization: 'advanced', env: { UV_THREADPOOL_SIZE: String(AT_ONCE), PATH: process.env['PATH'], ...MEMORY } })
  child.unref()
  child.channel?.unref()
  return child
}

/** One low-priority child process with a bounded queue: excess is refused at once instead of making every login slow. Started at first use. */
export function startPasswordHasher({ whenIdle = false }: PasswordHasherOptions = {}): PasswordHasher {
  const queue: Waiting[] = []
  const running = new Map<number, Waiting>()
  let child: ChildProcess | undefined
  let next = 0
  let inTurnUntil = whenIdle ? -Infinity : Infinity
  let childIsIdle = false
  let resting = 0

  // By its end, by a write that found it gone before that was known, or because it never began: unheard, each would end the server.
  function lost(): void {
    leaveChild()
    for (const waiting of running.values()) {
      clearTimeout(waiting.deadline)
      waiting.reject(new PasswordsBusy('the password process ended'))
    }
    running.clear()
    pump()
  }

  function leaveChild(): void {
    child?.kill('SIGKILL')
    child = undefined
  }

  /** What it has begun is done anew by one that gets its turns: a process cannot leave SCHED_IDLE without privileges. */
  function starved(): void {
    inTurnUntil = performance.now() + IN_TURN_MS
    leaveChild()
    for (const waiting of running.values()) clearTimeout(waiting.deadline)
    queue.unshift(...running.values())
    running.clear()
    pump()
  }

  /** Whoever was held up was in somebody's way: the memory that hashing fills slows the whole machine, whatever its priority. */
  function rest(milliseconds: number): void {
    resting++
    setTimeout(() => {
      resting--
      pump()
    }, Math.min(milliseconds, LONGEST_REST_MS)).unref()
  }

  function settle(message: { id: number; value?: string | boolean; heldUp?: number; failed?: true }): void {
    const waiting = running.get(message.id)
    if (waiting === undefined) return
    running.delete(message.id)
    clearTimeout(waiting.deadline)
    if (message.value === undefined) waiting.reject(new Error('the password could not be hashed'))
    else waiting.resolve(message.value)
    rest(message.heldUp ?? 0)
  }

  function ready(): ChildProcess {
    const isIdle = performance.now() > inTurnUntil
    if (isIdle && !childIsIdle && running.size === 0) leaveChild()
    if (child === undefined) {
      childIsIdle = isIdle
      const own = start(isIdle)
      const end = (): void => {
        if (child === own) lost()
      }
      child = own.on('message', settle).on('exit', end).on('error', end)
    }
    return child
  }

  function pump(): void {
    while (running.size + resting < AT_ONCE) {
      const waiting = queue.shift()
      if (waiting === undefined) return
      clearTimeout(waiting.deadline)
      const hashing = ready()
      const id = next++
      running.set(id, waiting)
      if (childIsIdle) waiting.deadline = setTimeout(starved, STARVED_MS)
      hashing.send({ id, password: waiting.password, ...(waiting.phc === undefined ? {} : { phc: waiting.phc }) })
    }
  }

  function ask(password: string, phc?: string): Promise<string | boolean> {
    if (queue.length >= QUEUE) return Promise.reject(new PasswordsBusy('the queue of passwords is full'))
    return new Promise((resolve, reject) => {
      const late = (): void => {
        queue.splice(queue.indexOf(waiting), 1)
        reject(new PasswordsBusy('waited too long for the password process'))
      }
      const waiting: Waiting = { password, phc, resolve, reject, deadline: setTimeout(late, DEADLINE_MS) }
      queue.push(waiting)
      pump()
    })
  }

  return {
    hash: async (password) => String(await ask(password)),
    verify: async (phc, password) => (await ask(password, phc)) === true,
    close: () => {
      const own = child
      child = undefined
      own?.disconnect()
    },
  }
}
