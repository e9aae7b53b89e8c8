import { temporarilyUnavailable } from '../protocol/error.ts'

// Owns the demo's requests: plain values, sent over real HTTP to our own address like anybody's, and shown as they went.

export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** A form body, encoded. */
  readonly body?: string
}

export interface HttpAnswer {
  readonly status: number
  readonly statusText: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Exchange {
  readonly request: HttpRequest
  readonly answer: HttpAnswer
}

export interface Credentials {
  readonly clientId: string
  readonly secret: string
}

const TIMEOUT_MS = 10_000
/** The headers of an answer that say something about the protocol. */
const TELLING = ['content-type', 'cache-control', 'location', 'www-authenticate', 'retry-after', 'allow', 'x-request-id']

export function get(url: string, headers: Readonly<Record<string, string>> = {}): HttpRequest {
  return { method: 'GET', url, headers }
}

export function bearer(url: string, token: string): HttpRequest {
  return get(url, { Authorization: `Bearer ${token}` })
}

/** A form post that proves the client over HTTP Basic (RFC 6749 §2.3.1). */
export function basicPost(url: string, { clientId, secret }: Credentials, parameters: Readonly<Record<string, string>>): HttpRequest {
  const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`
  return {
    method: 'POST',
    url,
    headers: { Authorization: `Basic ${Buffer.from(pair).toString('base64')}`, 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(parameters).toString(),
  }
}

/** Sends a request and keeps what came back. Redirects are answers here. Throws `temporarily_unavailable` when nothing answers. */
export async function send(request: HttpRequest): Promise<Exchange> {
  const { method, url, headers, body } = request
  try {
    const response = await fetch(url, { method, headers, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS), ...(body === undefined ? {} : { body }) })
    const told = TELLING.flatMap((name) => [[name, response.headers.get(name)]]).filter((pair): pair is [string, string] => pair[1] !== null)
    return { request, answer: { status: response.status, statusText: response.statusText, headers: Object.fromEntries(told), body: await response.text() } }
  } catch (cause) {
    throw temporarilyUnavailable('The demo could not reach the server at the address of its issuer', { cause, detail: new URL(url).host })
  }
}

/** The members of a JSON answer; none when it is something else. */
export function jsonOf(answer: HttpAnswer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(answer.body)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

/** A text member of a JSON answer. */
export function textOf(answer: HttpAnswer, name: string): string | undefined {
  const value = jsonOf(answer)[name]
  return typeof value === 'string' ? value : undefined
}

export function isGood(answer: HttpAnswer): boolean {
  return answer.status >= 200 && answer.status < 300
}
