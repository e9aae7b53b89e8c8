import { cpuMicroseconds } from '../cpu.ts'
import { type HttpConnection, openConnection } from '../load/http-connection.ts'
import { SECRET, SERVICE } from '../portner/documents.ts'
import { startPortner } from '../portner/server.ts'
import { startPostgres } from '../postgres.ts'
import { table } from '../table.ts'
import { percentile } from './percentile.ts'

// What the refusal of a client tells by its time, and what it costs with the trace that is kept of it: a stranger's id, a wrong secret and a
// disabled client in turn, beside requests that succeed.

const TRIES = 2000
const WARM_UP = 500
/** Tries in a row, so that processor time can be told apart. */
const BLOCK = 250

interface Kind {
  readonly what: string
  readonly request: string
  readonly status: number
  readonly times: number[]
  cpu: number
}

function tokenRequest(clientId: string, secret: string): string {
  const body = 'grant_type=client_credentials'
  return `POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

async function askInTurn(connection: HttpConnection, { what, request, status, times }: Kind, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const at = performance.now()
    const answer = await connection.send(request)
    times.push(performance.now() - at)
    if (answer.status !== status) throw new Error(`${what}: an answer of ${answer.status}`)
  }
}

const DISABLED = `
---
kind: client
client_id: ${SERVICE}-off
client_secret: { value: ${SECRET} }
client_name: { en: Off }
application_type: service
organization: bench
status: disabled
`

/** Runs it on a database and a server of its own, and returns the table. */
export async function runRefusals(progress: (text: string) => void): Promise<string> {
  const postgres = await startPostgres()
  const portner = await startPortner({ databaseUrl: postgres.url, more: DISABLED })
  const connection = await openConnection(portner.port)
  const kind = (what: string, request: string, status: number): Kind => ({ what, request, status, times: [], cpu: 0 })
  const kinds = [
    kind('a client with its secret', tokenRequest(SERVICE, SECRET), 200),
    kind('an unknown client', tokenRequest('nobody-at-all', SECRET), 401),
    kind('a wrong secret', tokenRequest(SERVICE, 'Wj4nq0ZkT8vR2mXbL6yHs8'), 401),
    kind('a disabled client', tokenRequest(`${SERVICE}-off`, SECRET), 401),
  ]
  try {
    progress('refusals')
    for (const one of kinds) await askInTurn(connection, one, WARM_UP)
    for (const one of kinds) one.times.length = 0
    for (let done = 0; done < TRIES; done += BLOCK) {
      for (const one of kinds) {
        const cpu = cpuMicroseconds(portner.pid)
        await askInTurn(connection, one, BLOCK)
        one.cpu += cpuMicroseconds(portner.pid) - cpu
      }
    }
    const rows = kinds.map(({ what, times, cpu }) => {
      const sorted = times.toSorted((a, b) => a - b)
      return [what, TRIES, percentile(sorted, 0.5).toFixed(2), percentile(sorted, 0.99).toFixed(2), (cpu / TRIES).toFixed(0)]
    })
    return table(['one request after the other', 'requests', 'p50 ms', 'p99 ms', 'CPU µs/req'], rows)
  } finally {
    connection.close()
    await portner.stop()
    await postgres.stop()
  }
}
