import type { DemoExchange } from '../http/demo-model.ts'
import { type Exchange, type HttpAnswer, type HttpRequest, isGood } from './exchange.ts'

// Owns how a request and an answer look to a person: as on the wire, and as a command for a terminal.

const LONGEST_BODY = 4000

function headerName(name: string): string {
  return name.replaceAll(/(^|-)([a-z])/g, (_all, dash: string, letter: string) => dash + letter.toUpperCase())
}

function headerLines(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).map(([name, value]) => `${headerName(name)}: ${value}`)
}

export function requestText({ method, url, headers, body }: HttpRequest): string {
  const { pathname, search, host } = new URL(url)
  return [`${method} ${pathname}${search} HTTP/1.1`, `Host: ${host}`, ...headerLines(headers), ...(body === undefined ? [] : ['', body])].join('\n')
}

/** JSON to read: a member a line, but a list of words on one, so that a document stays short. */
export function prettyJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll(/\[\n[^[\]{}]*\]/g, (list) => list.replaceAll(/\s*\n\s*/g, ' '))
}

function bodyText(answer: HttpAnswer): string {
  if (answer.headers['content-type']?.includes('json') !== true) return answer.body.slice(0, LONGEST_BODY)
  try {
    return prettyJson(JSON.parse(answer.body))
  } catch {
    return answer.body.slice(0, LONGEST_BODY)
  }
}

export function answerText(answer: HttpAnswer): string {
  const body = bodyText(answer)
  return [`HTTP/1.1 ${answer.status} ${answer.statusText}`, ...headerLines(answer.headers), ...(body === '' ? [] : ['', body])].join('\n')
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

function headerArgument([name, value]: readonly [string, string]): string | undefined {
  const basic = /^Basic (.+)$/.exec(value)?.[1]
  if (basic !== undefined) return `-u ${quoted(Buffer.from(basic, 'base64').toString())}`
  // What -d says by itself.
  return name === 'Content-Type' ? undefined : `-H ${quoted(`${name}: ${value}`)}`
}

/** The request as a command for a POSIX shell. */
export function curlText({ url, headers, body }: HttpRequest): string {
  const named = Object.entries(headers).map(headerArgument).filter((argument) => argument !== undefined)
  const data = body === undefined ? [] : [...new URLSearchParams(body)].map(([name, value]) => `--data-urlencode ${quoted(`${name}=${value}`)}`)
  return [`curl -si ${quoted(url)}`, ...named, ...data].join(' \\\n  ')
}

interface Caption {
  readonly id: string
  readonly title: string
  /** Works only once: why there is no command for it any more. */
  readonly spent?: string
}

/** A request that has not been sent yet. */
export function prepared(caption: Caption, request: HttpRequest): DemoExchange {
  return { id: caption.id, title: caption.title, request: requestText(request), curl: curlText(request) }
}

/** A request and its answer. */
export function shown(caption: Caption, { request, answer }: Exchange): DemoExchange {
  return {
    id: caption.id,
    title: caption.title,
    request: requestText(request),
    ...(caption.spent === undefined ? { curl: curlText(request) } : { spent: caption.spent }),
    answer: { status: `${answer.status} ${answer.statusText}`, good: isGood(answer), text: answerText(answer), reference: answer.headers['x-request-id'] === '' ? undefined : answer.headers['x-request-id'] },
  }
}

/** Sent or not: the exchange if there is one, else the request that would be sent. */
export function shownOrPrepared(caption: Caption, exchange: Exchange | undefined, request: HttpRequest): DemoExchange {
  return exchange === undefined ? prepared(caption, request) : shown(caption, exchange)
}
