import type { FastifyInstance } from 'fastify'
import type { Config } from '../../config.ts'
import { Failure } from '../status.ts'

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

async function listenOn(app: FastifyInstance, config: Config, host: string): Promise<string> {
  try {
    return await app.listen({ port: config.port, host, listenTextResolver: () => '' })
  } catch (error) {
    const code = codeOf(error)
    if (code === 'EADDRINUSE') throw new Failure(`Port ${config.port} is taken by another program`, 'stop it, or choose another with PORT', 1)
    if (code === 'EACCES') throw new Failure(`Port ${config.port} is not allowed to this user`, 'choose one above 1023 with PORT', 1)
    throw error
  }
}

/** Listens, on all addresses of both families when the host is `::`; on those of version 4 where a machine has no other. */
export async function listen(app: FastifyInstance, config: Config): Promise<string> {
  try {
    return await listenOn(app, config, config.host)
  } catch (error) {
    const noIpv6 = ['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(codeOf(error))
    if (config.host !== '::' || !noIpv6) throw error
    return listenOn(app, config, '0.0.0.0')
  }
}
