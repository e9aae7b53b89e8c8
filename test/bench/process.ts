import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

// Owns the child processes of the benchmark: TypeScript of this folder, spoken to by messages, ended with it.

export interface Child {
  readonly pid: number
  /** Sends a question and resolves with the answer. One at a time. */
  ask<T>(message: object): Promise<T>
  stop(): Promise<void>
}

function untilMessage<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`a process of the benchmark ended with status ${code}`))
    child.once('exit', ended)
    child.once('message', (message) => {
      child.off('exit', ended)
      resolve(message as T)
    })
  })
}

/** Starts a module of this folder; its first message is the port it listens on. */
export async function startChild(module: string, env: Readonly<Record<string, string>> = {}): Promise<{ readonly child: Child; readonly port: number }> {
  const path = fileURLToPath(new URL(module, import.meta.url))
  const forked = fork(path, [], { execArgv: ['--import', 'tsx'], serialization: 'advanced', env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...env } })
  const { port } = await untilMessage<{ port: number }>(forked)
  return {
    port,
    child: {
      pid: forked.pid ?? 0,
      ask: (message) => {
        forked.send(message)
        return untilMessage(forked)
      },
      stop: async () => {
        if (forked.exitCode !== null) return
        const gone = once(forked, 'exit')
        forked.disconnect()
        forked.kill('SIGKILL')
        await gone
      },
    },
  }
}
