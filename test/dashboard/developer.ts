import { sql } from 'kysely'
import type { Role } from '../../src/organizations/can.ts'
import { removeMember, setMember } from '../../src/organizations/members.ts'
import { openAccount, textById } from '../support/account.ts'
import type { TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page } from '../support/browser.ts'

// Developers at the dashboard, in stories about it.

export async function userIdOf(server: TestServer, username: string): Promise<string> {
  const { rows } = await sql<{ user_id: string }>`select user_id from users where username = ${username}`.execute(server.ctx.db)
  return rows[0]?.user_id ?? ''
}

/** Gives somebody a role; for the rest of the story's file. */
export async function giveRole(server: TestServer, username: string, organization: string, role: Role): Promise<void> {
  await setMember(server.ctx.db, organization, await userIdOf(server, username), role)
}

export async function takeRole(server: TestServer, username: string, organization: string): Promise<void> {
  await removeMember(server.ctx.db, organization, await userIdOf(server, username))
}

/** A browser in which somebody is signed in at the dashboard. */
export async function atDesk(server: TestServer, username = 'ada'): Promise<Browser> {
  const browser = newBrowser(server.issuer)
  await openAccount(browser, '/dashboard', username)
  return browser
}

/** An API that its owner and, for one of its scopes, organizations decide about. */
export const marks = `kind: api
api_id: marks
name: { en: Marks }
organization: ntu
approval: owner
scopes:
  read: { title: { en: See your marks }, description: { en: Reads them. }, approval: organization }
`

export interface Made {
  readonly page: Page
  readonly clientId: string
  readonly secret: string | undefined
}

/** Registers an application as the form asks for it. */
export async function register(browser: Browser, changes: Readonly<Record<string, string>> = {}): Promise<Made> {
  const form = await browser.open('/dashboard/register?owner=me')
  const page = await browser.submit(form, 'name', { name: 'My Application', kind: 'web', address: 'https://mine.example.org/callback', owner: 'me', ...changes })
  return { page, clientId: textById(page, 'client-id') ?? '', secret: textById(page, 'secret') }
}

/** What is said beside a field. */
export function faultAt(page: Page, field: string): string | undefined {
  return textById(page, `${field}-err`)
}
