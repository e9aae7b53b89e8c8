import { sql } from 'kysely'
import { addOperator } from '../../src/organizations/operators.ts'
import { userIdOf } from '../factors/person.ts'
import { openAccount, textById } from '../support/account.ts'
import type { TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page } from '../support/browser.ts'

// Ada runs the server, in stories about the operators' pages.

/** A browser in which an operator is signed in at the pages. */
export async function atWork(server: TestServer, username = 'ada'): Promise<Browser> {
  await addOperator(server.ctx.db, await userIdOf(server, username))
  const browser = newBrowser(server.issuer)
  await openAccount(browser, '/admin', username)
  return browser
}

/** The rows of a table: each as the texts of its cells. */
export function rowsOf(page: Page, table: string): readonly (readonly string[])[] {
  const html = new RegExp(`<table[^>]*id="table-${table}"[^>]*>([\\s\\S]*?)</table>`).exec(page.html)?.[1] ?? ''
  return [...html.matchAll(/<tr data-row="[^"]*">([\s\S]*?)<\/tr>/g)].map(([, row = '']) => [...row.matchAll(/<(th|td)[^>]*>([\s\S]*?)<\/\1>/g)].map(([, , cell = '']) => cell.replaceAll(/<[^>]*>/g, '').replaceAll(/\s+/g, ' ').trim()))
}

/** A fact by its name, as text. */
export function factOf(page: Page, name: string): string | undefined {
  const html = new RegExp(`data-fact="${name}"><dt>[^<]*</dt><dd>([\\s\\S]*?)</dd>`).exec(page.html)?.[1]
  return html?.replaceAll(/<[^>]*>/g, '').replaceAll(/\s+/g, ' ').trim()
}

/** Opens the question before a change and says yes to it. */
export async function change(browser: Browser, path: string, fields: Readonly<Record<string, string>> = {}): Promise<Page> {
  return browser.submit(await browser.open(path), 'csrf', fields)
}

export function told(page: Page): string | undefined {
  return textById(page, 'status')
}

/** The last events that an operator caused, newest first. */
export async function doneBy(server: TestServer, userId: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  await server.ctx.audit.flush()
  const { rows } = await sql<{ event: string; details: Record<string, unknown> }>`select event, details from audit_events where actor = ${userId} order by seq desc limit 20`.execute(server.ctx.db)
  return rows.map(({ event, details }) => ({ event, ...details }))
}
