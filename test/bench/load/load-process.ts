import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, type HttpConnection, openConnection } from './http-connection.ts'
import type { Asked, Define, Latencies, Order, RunClosed, RunOpen } from './messages.ts'

// The second process: it makes the load and takes the times, so that neither disturbs what is measured.

interface Requests {
  readonly list: string[]
  readonly rotates: boolean
  next: number
}

const defined = new Map<string, Requests>()
const MARK = 'refresh_token='

function define({ name, requests, rotates }: Define): void {
  defined.set(name, { list: [...requests], rotates, next: 0 })
}

function requestsOf(name: string): Requests {
  const requests = defined.get(name)
  if (requests === undefined) throw new Error(`nothing was defined as ${name}`)
  return requests
}

// The token stands last in the body and has always the same length: the head stays true.
function withToken(request: string, body: string): string {
  const token = /"refresh_token":"([^"]+)"/.exec(body)?.[1]
  return token === undefined ? request : request.slice(0, request.lastIndexOf(MARK) + MARK.length) + token
}

interface Times {
  readonly asked: Asked[]
  failures: number
  firstFailure: string | undefined
}

function newRecord(): Times {
  return { asked: [], failures: 0, firstFailure: undefined }
}

async function sendNext(requests: Requests, connection: HttpConnection, record: Times, since: number): Promise<void> {
  const at = requests.next++ % requests.list.length
  const request = requests.list[at] ?? ''
  let answer: Answer
  try {
    answer = await connection.send(request)
  } catch (error) {
    answer = { status: 0, head: '', body: String(error) }
  }
  record.asked.push({ due: performance.timeOrigin + since, took: performance.now() - since })
  if (answer.status !== 200) {
    record.failures++
    record.firstFailure ??= `${answer.status} ${answer.body.slice(0, 300)}`
  } else if (requests.rotates) requests.list[at] = withToken(request, answer.body)
}

function summary(record: Times, seconds: number, keepAll: boolean): Latencies {
  const times = record.asked.map(({ took }) => took).toSorted((a, b) => a - b)
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN
  return { count: times.length, seconds, p50: at(0.5), p99: at(0.99), most: at(1), asked: keepAll ? record.asked : [], failures: record.failures, firstFailure: record.firstFailure }
}

function openAll(port: number, count: number): Promise<readonly HttpConnection[]> {
  return Promise.all(Array.from({ length: count }, () => openConnection(port)))
}

async function runClosed({ name, port, connections, count }: RunClosed): Promise<Latencies> {
  const requests = requestsOf(name)
  const open = await openAll(port, Math.min(connections, count))
  const record = newRecord()
  let left = count
  const started = performance.now()
  await Promise.all(
    open.map(async (connection) => {
      while (left-- > 0) await sendNext(requests, connection, record, performance.now())
    }),
  )
  const seconds = (performance.now() - started) / 1000
  for (const connection of open) connection.close()
  return summary(record, seconds, false)
}

// Times count from when a request was due, not from when a connection was free: a server that stands still is not spared.
async function runOpen({ name, port, connections, perSecond, seconds }: RunOpen): Promise<Latencies> {
  const requests = requestsOf(name)
  const open = await openAll(port, connections)
  const free = [...open]
  const due: number[] = []
  const record = newRecord()
  const running = new Set<Promise<void>>()
  const serve = (): void => {
    while (due.length > 0 && free.length > 0) {
      const connection = free.pop()
      const since = due.shift()
      if (connection === undefined || since === undefined) return
      const one = sendNext(requests, connection, record, since)
      running.add(one)
      void one.finally(() => {
        free.push(connection)
        running.delete(one)
        serve()
      })
    }
  }
  const started = performance.now()
  for (let at = started; at < started + seconds * 1000; at += (-Math.log(1 - Math.random()) * 1000) / perSecond) {
    const wait = at - performance.now()
    if (wait > 1) await sleep(wait)
    due.push(at)
    serve()
  }
  while (running.size > 0 || due.length > 0) await Promise.race(running)
  for (const connection of open) connection.close()
  return summary(record, (performance.now() - started) / 1000, true)
}

async function obey(order: Order): Promise<object> {
  if (order.kind === 'closed') return runClosed(order)
  if (order.kind === 'open') return runOpen(order)
  define(order)
  return {}
}

process.on('message', (order: Order) => {
  obey(order).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      process.stderr.write(`load: ${String(error)}\n`)
      process.exit(1)
    },
  )
})
process.on('disconnect', () => process.exit(0))
process.send?.({ port: 0 })
