import { expect } from 'vitest'
import { refreshSamlMetadataJob } from '../../src/jobs/refresh-saml-metadata.ts'
import { listSamlKeys } from '../../src/upstream/saml-keys.ts'
import type { TestServer } from '../support/app.ts'
import { type Page, pageName } from '../support/browser.ts'
import { type PostedAnswer, samlYaml, type UpstreamSaml } from '../support/upstream-saml.ts'
import type { Away } from './journey.ts'

// A person's way through a SAML provider, in steps that a story can stop at.

/** Declares the provider, has its metadata read, and lets it read ours. */
export async function introduce(server: TestServer, upstream: UpstreamSaml, id: string, more = ''): Promise<void> {
  await server.apply(samlYaml(upstream, id, more))
  await refreshSamlMetadataJob.run(server.ctx, () => false)
  // To draw keys may take longer than a request may, where much else is at work.
  await listSamlKeys(server.ctx, 'signing')
  const metadata = await fetch(`${server.issuer}/saml/metadata/${id}`)
  expect(metadata.status).toBe(200)
  upstream.trusted = await metadata.text()
}

/** The provider's page posts from another site: without our cookies. What it is answered with is an address, which the browser then opens. */
export async function post(server: TestServer, { action, fields }: PostedAnswer): Promise<Response> {
  return fetch(new URL(action, server.issuer), { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual', headers: { accept: 'text/html', origin: 'https://idp.example' } })
}

/** The provider's answer comes back, in the browser that left or in another one. */
export async function comeBack(server: TestServer, answer: PostedAnswer, browser: Away['browser']): Promise<Page> {
  const response = await post(server, answer)
  const location = response.headers.get('location')
  if (location === null) return { status: response.status, url: answer.action, headers: response.headers, html: await response.text() }
  return browser.open(new URL(location, server.issuer).href)
}

/** To the provider and back. */
export async function returnFromSaml(server: TestServer, upstream: UpstreamSaml, { browser, departure }: Away): Promise<Page> {
  return comeBack(server, await upstream.visit(departure.href), browser)
}

/** The page about a sign-in that came to nothing: with a reference and a way on. */
export function expectWayOn(page: Page, status: number): void {
  expect(pageName(page), page.html.slice(0, 300)).toBe('upstream')
  expect(page.status).toBe(status)
  expect(page.html).toMatch(/id="reference"[^>]*>[0-9A-Z]{4}-[0-9A-Z]{4}</)
  expect(page.html).toMatch(/id="(retry|start-again)"/)
}

export function wayOn(page: Page): string {
  return (/id="(?:retry|start-again)" href="([^"]+)"/.exec(page.html)?.[1] ?? '').replaceAll('&amp;', '&')
}
