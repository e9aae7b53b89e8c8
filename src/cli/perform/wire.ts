import type { Io } from '../io.ts'
import { tone } from '../output.ts'
import { Failure } from '../status.ts'

// Owns how the requests of `portner perform` are sent and shown. Secrets and passwords are masked: what scrolls by on a screen is seen by others.

const LONGEST_MS = 15_000
const MASKED = new Set(['client_secret', 'password', 'csrf'])

export interface Sent {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export interface Wire {
  send(method: 'GET' | 'POST', url: string, options?: { readonly form?: URLSearchParams; readonly headers?: Readonly<Record<string, string>>; readonly quietBody?: boolean }): Promise<Sent>
}

function maskedForm(form: URLSearchParams): string {
  return [...form].map(([name, value]) => `${name}=${MASKED.has(name) ? '…' : encodeURIComponent(value)}`).join('&')
}

function maskedHeader(name: string, value: string): string {
  const lower = name.toLowerCase()
  if (lower === 'authorization') return `${name}: ${value.split(' ')[0]} …`
  return lower === 'cookie' ? `${name}: …` : `${name}: ${value}`
}

function detail(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? error.cause.message || String(error.cause) : String(error)
}

/** Sends requests and shows them on standard error, so that the result stands alone on standard output. `show: false` shows nothing. */
export function openWire(io: Io, show: boolean): Wire {
  const say = (text: string): void => {
    if (show) io.err(`${text}\n`)
  }
  return {
    send: async (method, url, options = {}) => {
      const { form, headers = {}, quietBody } = options
      say(tone(io, 'bold', `${method} ${url}`))
      for (const [name, value] of Object.entries(headers)) say(`  ${maskedHeader(name, value)}`)
      if (form !== undefined) say(`  ${maskedForm(form)}`)
      let response: Response
      try {
        response = await fetch(url, { method, headers, redirect: 'manual', signal: AbortSignal.timeout(LONGEST_MS), ...(form === undefined ? {} : { body: form }) })
      } catch (error) {
        throw new Failure(`${method} ${url} was not answered: ${detail(error)}`, 'check PORTNER_ISSUER and that the server runs: portner healthcheck --ready')
      }
      const text = await response.text()
      const location = response.headers.get('location')
      say(tone(io, response.ok || location !== null ? 'green' : 'red', `  → ${response.status}${location === null ? '' : ` ${location}`}`))
      if (quietBody !== true && text !== '' && location === null) say(`  ${text.trim()}`)
      return { status: response.status, headers: response.headers, text }
    },
  }
}

/** A JSON object out of an answer. Throws Failure when it is none. */
export function readObject(sent: Sent, what: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(sent.text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    // Told below, with everything else that is no object.
  }
  throw new Failure(`${what} answered ${sent.status} and no JSON object`, 'is PORTNER_ISSUER the address of a Portner?')
}

/** A member that must be a text. Throws Failure. */
export function textOf(object: Readonly<Record<string, unknown>>, name: string, what: string): string {
  const value = object[name]
  if (typeof value === 'string') return value
  throw new Failure(`${what} has no ${name}`)
}

/** The answer of the token endpoint. Throws Failure with its error. */
export function tokenAnswer(sent: Sent): Readonly<Record<string, unknown>> {
  const answer = readObject(sent, 'The token endpoint')
  if (sent.status === 200) return answer
  throw new Failure(`The token endpoint refused: ${textOf(answer, 'error', 'The answer')}: ${textOf(answer, 'error_description', 'The answer')} (reference ${sent.headers.get('x-request-id') ?? 'none'})`, 'the server log has the reason under that reference')
}

/** HTTP Basic as RFC 6749 §2.3.1 writes it: both parts form-urlencoded first. */
export function basic(clientId: string, secret: string): string {
  const part = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1)
  return `Basic ${Buffer.from(`${part(clientId)}:${part(secret)}`).toString('base64')}`
}
