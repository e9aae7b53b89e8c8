import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

// Owns one errand of a child process: it is started, told its task, answers once and is gone. For work on strangers' bytes that takes long
// or goes through native code: what it does wrong, it does to itself. Its environment holds nothing of ours.

/** Why there is no answer. */
export class ErrandFailed extends Error {}

export interface Errand {
  /** The module, beside the caller's: `new URL('./name.ts', import.meta.url)`, as it stands in the sources. */
  readonly module: URL
  readonly task: unknown
  readonly milliseconds: number
  /** Megabytes of its JavaScript heap. */
  readonly megabytes: number
  readonly signal?: AbortSignal | undefined
}

function launch({ module, megabytes }: Errand): ChildProcess {
  const isBuilt = import.meta.url.endsWith('.js')
  const path = fileURLToPath(isBuilt ? new URL(module.href.replace(/\.ts$/, '.js')) : module)
  const execArgv = [`--max-old-space-size=${megabytes}`, ...(isBuilt ? [] : ['--import', 'tsx'])]
  return fork(path, [], { execArgv, serialization: 'advanced', env: {}, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
}

/** Runs it and returns its one answer. Throws ErrandFailed when it ends without one, takes too long, or is called off. */
export function runErrand(errand: Errand): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const child = launch(errand)
    const end = (settle: () => void): void => {
      clearTimeout(timer)
      errand.signal?.removeEventListener('abort', calledOff)
      child.removeAllListeners()
      // Whatever comes after the end of the errand interests nobody.
      child.on('error', () => {})
      child.kill('SIGKILL')
      settle()
    }
    const fail = (why: string): void => end(() => reject(new ErrandFailed(why)))
    const calledOff = (): void => fail('called off')
    const timer = setTimeout(() => fail('it took too long'), errand.milliseconds)
    child.once('message', (answer) => end(() => resolve(answer)))
    child.once('error', () => fail('it could not be started'))
    child.once('exit', () => fail('it ended without an answer'))
    errand.signal?.addEventListener('abort', calledOff)
    child.send(errand.task as object, (error) => {
      if (error !== null) fail('it could not be told its task')
    })
  })
}
