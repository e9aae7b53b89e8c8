import { setTimeout as sleep } from 'node:timers/promises'
import { type HttpConnection, openConnection } from '../load/http-connection.ts'

// The flood: sign-ins through the real login page, from many addresses, with names and passwords of nobody. Each costs the server one hash,
// or is refused. A browser follows the redirect that answers its form, so this does, too.

export interface FloodOrder {
  readonly port: number
  /** Path and query of the authorization request. */
  readonly start: string
  readonly perSecond: number
  readonly seconds: number
}

export interface FloodResult {
  readonly offered: number
  readonly served: number
  readonly refused: number
  readonly other: number
  /** Milliseconds from the form to the page that answers it. */
  readonly servedP50: number
  readonly refusedP50: number
  readonly refusedP99: number
}

interface Visitor {
  readonly connection: HttpConnection
  readonly cookie: string
  readonly action: string
  readonly csrf: string
}

/** More than the queue of passwords holds, so that nobody is missing while many wait. */
const VISITORS = 120

function header(head: string, name: string): string {
  return new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i').exec(head)?.[1] ?? ''
}

function request(port: number, method: string, path: string, headers: readonly string[], body = ''): string {
  return [`${method} ${path} HTTP/1.1`, `Host: localhost:${port}`, ...headers, ...(body === '' ? [] : ['Content-Type: application/x-www-form-urlencoded', `Content-Length: ${body.length}`]), '', body].join('\r\n')
}

function unescape(html: string): string {
  return html.replaceAll('&amp;', '&').replaceAll('&#x3D;', '=').replaceAll('&#61;', '=')
}

async function arrive({ port, start }: FloodOrder): Promise<Visitor> {
  const connection = await openConnection(port)
  const first = await connection.send(request(port, 'GET', start, []))
  const cookie = header(first.head, 'set-cookie').split(';')[0] ?? ''
  let path = header(first.head, 'location').replace(/^https?:\/\/[^/]+/, '')
  let page = await connection.send(request(port, 'GET', path, [`Cookie: ${cookie}`]))
  while (page.status >= 300 && page.status < 400) {
    path = header(page.head, 'location').replace(/^https?:\/\/[^/]+/, '')
    page = await connection.send(request(port, 'GET', path, [`Cookie: ${cookie}`]))
  }
  const csrf = /name="csrf"[^>]*value="([^"]+)"/.exec(page.body)?.[1]
  const action = /<form[^>]*action="([^"]*login[^"]*)"/.exec(page.body)?.[1]
  if (csrf === undefined || action === undefined) throw new Error(`no login form at ${path}: ${page.status}`)
  return { connection, cookie, csrf: unescape(csrf), action: unescape(action) }
}

function anyAddress(): string {
  const part = (): number => Math.floor(Math.random() * 256)
  return `10.${part()}.${part()}.${part()}`
}

async function trySignIn({ port }: FloodOrder, visitor: Visitor, count: number): Promise<number> {
  const body = new URLSearchParams({ csrf: visitor.csrf, username: `nobody-${count}`, password: `wrong-${count}` }).toString()
  const headers = [`Cookie: ${visitor.cookie}`, `X-Forwarded-For: ${anyAddress()}`]
  const answer = await visitor.connection.send(request(port, 'POST', visitor.action, headers, body))
  if (answer.status !== 303 && answer.status !== 302) return answer.status
  return (await visitor.connection.send(request(port, 'GET', header(answer.head, 'location').replace(/^https?:\/\/[^/]+/, ''), headers))).status
}

function percentile(times: readonly number[], share: number): number {
  return times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN
}

async function flood(order: FloodOrder): Promise<FloodResult> {
  const visitors: Visitor[] = []
  while (visitors.length < VISITORS) visitors.push(...(await Promise.all(Array.from({ length: 8 }, () => arrive(order)))))
  const free = [...visitors]
  const served: number[] = []
  const refused: number[] = []
  const running = new Set<Promise<void>>()
  let offered = 0
  let other = 0
  const one = async (visitor: Visitor, count: number): Promise<void> => {
    const since = performance.now()
    const status = await trySignIn(order, visitor, count)
    const took = performance.now() - since
    if (status === 401) served.push(took)
    else if (status === 429) refused.push(took)
    else other++
    free.push(visitor)
  }
  const started = performance.now()
  for (let at = started; at < started + order.seconds * 1000; at += (-Math.log(1 - Math.random()) * 1000) / order.perSecond) {
    const wait = at - performance.now()
    if (wait > 1) await sleep(wait)
    offered++
    const visitor = free.pop()
    if (visitor === undefined) {
      other++
      continue
    }
    const attempt = one(visitor, offered)
    running.add(attempt)
    void attempt.finally(() => running.delete(attempt))
  }
  await Promise.all(running)
  for (const { connection } of visitors) connection.close()
  return { offered, served: served.length, refused: refused.length, other, servedP50: percentile(served, 0.5), refusedP50: percentile(refused, 0.5), refusedP99: percentile(refused, 0.99) }
}

process.on('message', (order: FloodOrder) => {
  flood(order).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      process.stderr.write(`flood: ${String(error)}\n`)
      process.exit(1)
    },
  )
})
process.on('disconnect', () => process.exit(0))
process.send?.({ port: 0 })
