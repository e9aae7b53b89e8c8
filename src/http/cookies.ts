import cookie from '@fastify/cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'

export type CookieName = 'session' | 'device'
/** Cookies that a script of ours reads: none of them is a secret. */
export type ScriptCookieName = 'login_state'

// __Host- binds a cookie to this host and https; browsers refuse the prefix on plain http, which only loopback issuers use.
function fullName(config: Pick<Config, 'loopback'>, name: CookieName | ScriptCookieName): string {
  return config.loopback ? `portner_${name}` : `__Host-portner_${name}`
}

export async function acceptCookies(app: FastifyInstance): Promise<void> {
  await app.register(cookie)
}

/** A cookie; of a request that was refused before its cookies were read there is none. */
export function readCookie(request: FastifyRequest, config: Config, name: CookieName | ScriptCookieName): string | undefined {
  const cookies: FastifyRequest['cookies'] | null = request.cookies
  return cookies?.[fullName(config, name)]
}

/** Sets an opaque secret. Without `maxAge` (seconds) it is gone when the browser closes. */
export function writeCookie(reply: FastifyReply, config: Config, name: CookieName, value: string, maxAge?: number): void {
  const options = { path: '/', httpOnly: true, secure: !config.loopback, sameSite: 'lax' as const }
  void reply.setCookie(fullName(config, name), value, maxAge === undefined ? options : { ...options, maxAge })
}

/** Sets what a script of ours reads within the page of another site, which plain http cannot have: there it is for pages of the same site. */
export function writeScriptCookie(reply: FastifyReply, config: Pick<Config, 'loopback'>, name: ScriptCookieName, value: string): void {
  const { loopback } = config
  void reply.setCookie(fullName(config, name), value, { path: '/', httpOnly: false, secure: !loopback, sameSite: loopback ? 'lax' : 'none' })
}

export function clearCookie(reply: FastifyReply, config: Config, name: CookieName): void {
  void reply.clearCookie(fullName(config, name), { path: '/', httpOnly: true, secure: !config.loopback, sameSite: 'lax' })
}
