import { Failure } from '../status.ts'
import type { Wire } from './wire.ts'

// Owns a browser without a screen: cookies and redirects. It stops at the client's redirect URI and never goes anywhere else.

export interface Visited {
  readonly url: string
  readonly status: number
  readonly html: string
  /** The way back to the client was reached: `url` has the answer. */
  readonly returned: boolean
}

export interface Visitor {
  get(url: string): Promise<Visited>
  post(url: string, form: URLSearchParams): Promise<Visited>
}

const MOST_HOPS = 20

/** A visitor that stays on `issuer` and stops when it is sent to `redirectUri`. */
export function newVisitor(wire: Wire, issuer: string, redirectUri: string): Visitor {
  const cookies = new Map<string, string>()

  function keepCookies(headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      const at = pair.indexOf('=')
      if (/;\s*max-age=0/i.test(line)) cookies.delete(pair.slice(0, at))
      else cookies.set(pair.slice(0, at), pair.slice(at + 1))
    }
  }

  async function go(method: 'GET' | 'POST', start: string, form?: URLSearchParams): Promise<Visited> {
    let url = new URL(start, issuer).href
    let body = form
    let how = method
    for (let hop = 0; hop < MOST_HOPS; hop++) {
      if (!url.startsWith(`${issuer}/`)) throw new Failure(`The server sent the person to ${new URL(url).origin}, which is neither itself nor the client`, 'this command knows local accounts only')
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const headers = { accept: 'text/html', 'accept-language': 'en', ...(how === 'POST' ? { origin: issuer } : {}), ...(cookie === '' ? {} : { cookie }) }
      const sent = await wire.send(how, url, { ...(body === undefined ? {} : { form: body }), headers, quietBody: true })
      keepCookies(sent.headers)
      const location = sent.headers.get('location')
      if (location === null) return { url, status: sent.status, html: sent.text, returned: false }
      url = new URL(location, url).href
      if (url.startsWith(`${redirectUri}?`) || url.startsWith(`${redirectUri}#`)) return { url, status: sent.status, html: '', returned: true }
      how = 'GET'
      body = undefined
    }
    throw new Failure('The server redirects in a circle')
  }

  return { get: (url) => go('GET', url), post: (url, form) => go('POST', url, form) }
}
