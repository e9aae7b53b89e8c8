import { challengeOf } from '../../../src/protocol/pkce.ts'
import { REDIRECT_URI, WEB } from '../portner/documents.ts'
import { VERIFIER } from '../portner/rows.ts'

// A person whom the benchmark sends from the client to the first page.

/** The authorization request of the benchmark's web client, as a path. */
export function authorizationPath(changes: Readonly<Record<string, string>> = {}): string {
  return `/oauth/authorization?${new URLSearchParams({ client_id: WEB, redirect_uri: REDIRECT_URI, response_type: 'code', scope: 'openid', state: 's', code_challenge: challengeOf(VERIFIER) ?? '', code_challenge_method: 'S256', ...changes })}`
}

export interface Begun {
  readonly cookie: string
  /** Of the first page that is shown. */
  readonly path: string
  readonly html: string
}

function keepCookies(jar: Map<string, string>, response: Response): void {
  for (const line of response.headers.getSetCookie()) {
    const [pair = ''] = line.split(';')
    jar.set(pair.slice(0, pair.indexOf('=')), pair)
  }
}

/** Opens an authorization request and follows it to a page. */
export async function beginJourney(port: number, changes: Readonly<Record<string, string>> = {}): Promise<Begun> {
  const jar = new Map<string, string>()
  let path = authorizationPath(changes)
  for (let hop = 0; hop < 8; hop++) {
    const response = await fetch(`http://localhost:${port}${path}`, { redirect: 'manual', headers: { accept: 'text/html', cookie: [...jar.values()].join('; '), 'x-forwarded-for': `10.${hop}.${Math.floor(Math.random() * 256)}.${Math.floor(Math.random() * 256)}` } })
    keepCookies(jar, response)
    const location = response.headers.get('location')
    const html = await response.text()
    if (location === null) return { cookie: [...jar.values()].join('; '), path, html }
    path = location.replace(/^https?:\/\/[^/]+/, '')
  }
  throw new Error(`no page at ${path}`)
}
