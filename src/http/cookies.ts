import cookie from '@fastify/cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'

export type CookieName = 'session' | 'device'

// __Host- binds a cookie to this host and https; browsers refuse the prefix on plain http, which only loopback issuers use.
function fullName(config: Config, name: CookieName): string {
  return config.loopback ? `portner_${name}` : `__Host-portner_${name}`
}

export async function acceptCookies(app: FastifyInstance): Promise<void> {
  await app.register(cookie)
}

export function readCookie(request: FastifyRequest, config: Config, name: CookieName): string | undefined {
  return request.cookies[fullName(config, name)]
}

/** Sets an opaque secret. Without `maxAge` (seconds) it is gone when the browser closes. */
export function writeCookie(reply: FastifyReply, config: Config, name: CookieName, value: string, maxAge?: number): void {
  const options = { path: '/', httpOnly: true, secure: !config.loopback, sameSite: 'lax' as const }
  void reply.setCookie(fullName(config, name), value, maxAge === undefined ? options : { ...options, maxAge })
}

export function clearCookie(reply: FastifyReply, config: Config, name: CookieName): void {
  void reply.clearCookie(fullName(config, name), { path: '/', httpOnly: true, secure: !config.loopback, sameSite: 'lax' })
}
