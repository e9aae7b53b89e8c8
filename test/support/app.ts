import { createServer } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp } from '../../src/app.ts'
import { createLog } from '../../src/audit/log.ts'
import type { Context } from '../../src/context.ts'
import { openContext } from '../../src/open-context.ts'
import { listenForCertificates } from '../../src/cli/serve/listen.ts'
import { declare, giveUpState, passwords, settings, takeFirstState, type TestServerOptions } from './first-state.ts'
import { world } from './world.ts'

export interface TestServer {
  readonly issuer: string
  readonly ctx: Context
  /** Everything that was logged, as text. */
  readonly logged: () => string
  /** Moves the clock of server and database. */
  readonly advance: (seconds: number) => Promise<void>
  /** Applies YAML documents. */
  readonly apply: (yaml: string) => Promise<void>
  readonly databaseUrl: string
  /** How long a request may take to arrive, in milliseconds, looked at every two seconds. */
  readonly limitRequests: (milliseconds: number) => void
  /** Stops the process's part of the server and starts it again: the same address, keys and database. */
  readonly restart: () => Promise<void>
  readonly close: () => Promise<void>
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** The whole server on a database of its own, over real HTTP, with the people and clients of world.ts and a clock that moves. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const [port, dataDir] = await Promise.all([freePort(), mkdtemp(join(tmpdir(), 'portner-test-'))])
  const { database, hasWorld } = await takeFirstState(dataDir, options)
  const config = settings(port, dataDir, options.env)
  let lines = ''
  const log = createLog(config.logLevel, { write: (line) => void (lines += line) })
  const start = async () => {
    const opened = await openContext(config, { connection: { ...database.connection, ssl: false }, log, passwords })
    return { opened, app: await buildApp(opened) }
  }
  let running = await start()
  const apply = async (yaml: string): Promise<void> => {
    await declare(running.opened.ctx, yaml)
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
  if (!hasWorld) await apply(options.documents ?? world)
  const listen = async () => {
    await running.app.listen({ port, host: 'localhost' })
    return listenForCertificates(running.app, config)
  }
  let certificates = await listen()
  const stop = async (): Promise<void> => {
    certificates?.closeAllConnections()
    certificates?.close()
    await running.app.close()
    await running.opened.close()
  }
  return {
    issuer: config.issuer,
    get ctx() {
      return running.opened.ctx
    },
    logged: () => lines,
    advance: async (seconds) => void (await running.opened.moveClock?.(seconds)),
    apply,
    databaseUrl: database.url,
    limitRequests: (milliseconds) => void (running.app.server.requestTimeout = milliseconds),
    restart: async () => {
      await stop()
      running = await start()
      certificates = await listen()
    },
    close: async () => {
      await stop()
      giveUpState(dataDir)
      await database.drop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
