import type { Command as Commander } from 'commander'
import { readConfig } from '../config.ts'
import { type Command, withExamples, withOutputOptions } from './command.ts'
import type { Io } from './io.ts'
import { type OutputOptions, print } from './output.ts'
import { status } from './status.ts'

const LONGEST_MS = 3000

interface Options extends OutputOptions {
  readonly ready?: boolean
}

async function ask(url: string): Promise<{ readonly good: boolean; readonly detail: string }> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(LONGEST_MS), redirect: 'error' })
    return { good: response.ok, detail: response.ok ? 'ok' : `answers ${response.status}: ${(await response.text()).trim().slice(0, 300)}` }
  } catch (error) {
    return { good: false, detail: error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error) }
  }
}

// The server on this machine, whatever its issuer: what stands in front of it is not its health.
async function healthcheck(io: Io, options: Options): Promise<number> {
  const { port, host } = readConfig(io.env, { demo: false })
  const at = host === '::' || host === '0.0.0.0' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  const url = `http://${at}:${port}/${options.ready === true ? 'readyz' : 'livez'}`
  const { good, detail } = await ask(url)
  print(io, options, { json: { url, good, detail }, ids: [], text: good ? 'ok' : `not ${options.ready === true ? 'ready' : 'alive'}: ${url} ${detail}` })
  return good ? status.ok : status.notReady
}

function register(parent: Commander, io: Io, finish: (status: number) => void): void {
  const command = withOutputOptions(parent.command('healthcheck'))
    .description('ask the server on this machine whether it lives; status 4 when not (for Docker)')
    .option('--ready', 'ask whether it can answer: database, migrations, keys')
    .action(async (options: Options) => finish(await healthcheck(io, options)))
  withExamples(command, ['portner healthcheck', 'portner healthcheck --ready --json'])
}

export const healthcheckCommand: Command = { name: 'healthcheck', register }
