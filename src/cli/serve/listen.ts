import { once } from 'node:events'
import type { Server } from 'node:https'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../../config.ts'
import { createMtlsServer } from '../../http/mtls-server.ts'
import { Failure } from '../status.ts'

/** Anything that listens, told in our words when it cannot. */
async function saying<T>(port: number, variable: string, start: () => Promise<T>): Promise<T> {
  try {
    return await start()
  } catch (error) {
    const code = codeOf(error)
    if (code === 'EADDRINUSE') throw new Failure(`Port ${port} is taken by another program`, `stop it, or choose another with ${variable}`, 1)
    if (code === 'EACCES') throw new Failure(`Port ${port} is not allowed to this user`, `choose one above 1023 with ${variable}`, 1)
    throw error
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

/** On all addresses of both families when the host is `::`; on those of version 4 where a machine has no other. */
async function onHost<T>({ host }: Config, start: (host: string) => Promise<T>): Promise<T> {
  try {
    return await start(host)
  } catch (error) {
    const noIpv6 = ['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(codeOf(error))
    if (host !== '::' || !noIpv6) throw error
    return start('0.0.0.0')
  }
}

/** Listens on PORT. */
export function listen(app: FastifyInstance, config: Config): Promise<string> {
  const { port } = config
  return saying(port, 'PORT', () => onHost(config, (host) => app.listen({ port, host, listenTextResolver: () => '' })))
}

/** Listens where clients show certificates, if anywhere. */
export async function listenForCertificates(app: FastifyInstance, config: Config): Promise<Server | undefined> {
  const server = createMtlsServer(app, config)
  const { mtlsPort: port } = config
  if (server === undefined || port === undefined) return undefined
  await saying(port, 'PORTNER_MTLS_PORT', () =>
    onHost(config, async (host) => {
      server.listen(port, host)
      await once(server, 'listening')
    }),
  )
  return server
}
