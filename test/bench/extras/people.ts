import { randomUUID } from 'node:crypto'
import { startPasswordHasher } from '../../../src/lib/password.ts'
import type { BenchPostgres } from '../postgres.ts'
import { type Begun, beginJourney } from './visitor.ts'

// People with a password, and their way through the login page.

export const PASSWORD = 'correct horse battery staple'

/** Writes so many people, `reader0` onwards, all with the same password. */
export async function insertReaders({ client }: BenchPostgres, count: number): Promise<void> {
  const hasher = startPasswordHasher()
  const phc = await hasher.hash(PASSWORD)
  hasher.close()
  const ids = Array.from({ length: count }, () => randomUUID())
  await client.query(`insert into users (user_id, username, organization_id, claims) select id, 'reader' || (n - 1), 'bench', jsonb_build_object('name', 'Reader', 'email', 'reader' || (n - 1) || '@example.org', 'email_verified', true) from unnest($1::uuid[]) with ordinality as t (id, n)`, [ids])
  await client.query('insert into passwords (user_id, phc) select unnest($1::uuid[]), $2', [ids, phc])
}

export interface Form extends Begun {
  readonly action: string
  readonly csrf: string
  readonly address: string
}

function unescape(html: string): string {
  return html.replaceAll('&amp;', '&').replaceAll('&#x3D;', '=').replaceAll('&#61;', '=')
}

function formOf(begun: Begun, id: string): Form {
  const csrf = /name="csrf"[^>]*value="([^"]+)"/.exec(begun.html)?.[1]
  const action = new RegExp(`<form id="${id}"[^>]*action="([^"]*)"`).exec(begun.html)?.[1]
  if (csrf === undefined || action === undefined) throw new Error(`no ${id} at ${begun.path}`)
  const part = (): number => 1 + Math.floor(Math.random() * 250)
  return { ...begun, csrf: unescape(csrf), action: unescape(action), address: `10.${part()}.${part()}.${part()}` }
}

/** As far as the login page. */
export async function openLogin(port: number): Promise<Form> {
  return formOf(await beginJourney(port), 'login-form')
}

/** As far as the page for a forgotten password. */
export async function openForgotten(port: number): Promise<Form> {
  const begun = await beginJourney(port)
  const path = /href="([^"]*\/forgotten[^"]*)"/.exec(begun.html)?.[1]
  if (path === undefined) throw new Error(`no way to a new password at ${begun.path}`)
  const address = unescape(path)
  const response = await fetch(new URL(address, `http://localhost:${port}`), { headers: { accept: 'text/html', cookie: begun.cookie } })
  return formOf({ ...begun, path: address, html: await response.text() }, 'forgotten-form')
}

export interface Tried {
  /** Milliseconds until the answer to the form was there whole. */
  readonly took: number
  readonly location: string
  readonly status: number
  /** Seconds that the answer asks to wait. */
  readonly retryAfter: number
}

/** Sends the form once, as a browser would; the answer is not followed. A form without a password leaves it unread. */
export async function tryLogin(port: number, form: Form, username: string, password: string): Promise<Tried> {
  const body = new URLSearchParams({ csrf: form.csrf, username, password })
  const since = performance.now()
  const response = await fetch(`http://localhost:${port}${form.action}`, { method: 'POST', body, redirect: 'manual', headers: { cookie: form.cookie, 'x-forwarded-for': form.address } })
  await response.arrayBuffer()
  return { took: performance.now() - since, location: response.headers.get('location') ?? '', status: response.status, retryAfter: Number(response.headers.get('retry-after') ?? 1) }
}
