import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expireConsentsJob } from '../../src/jobs/expire-consents.ts'
import { forgetConsentEventsJob } from '../../src/jobs/forget-consent-events.ts'
import { entries, openAccount } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import type { JsonAnswer } from '../support/relying-party.ts'
import { agree, ask, consentOf, DEBT, introspect, itself } from './stage.ts'

// Consents that a client collected elsewhere, and the feed in which it reads what became of all of its consents.

type Headers = { readonly authorization: string }
type Event = Readonly<Record<string, unknown>> & { readonly sequence: number }

let server: TestServer
let bank: Headers
let other: Headers
beforeAll(async () => {
  server = await startTestServer()
  await server.apply(DEBT)
  bank = await itself(server, 'bank', 'consent.create consent.events')
  other = await itself(server, 'other-bank', 'consent.create consent.events')
})
afterAll(() => server.close())

async function create(body: object, as: Headers = bank): Promise<JsonAnswer> {
  const response = await fetch(`${server.issuer}/api/consents`, { method: 'POST', headers: { ...as, 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) as Record<string, unknown> }
}

const withdraw = (id: unknown, as: Headers = bank): Promise<Response> => fetch(`${server.issuer}/api/consents/${String(id)}`, { method: 'DELETE', headers: as })

async function feed(query = '', as: Headers = bank): Promise<{ readonly events: readonly Event[]; readonly first: unknown; readonly last: unknown }> {
  const { body, status, text } = await ask(server, `feed${query}`, as)
  if (status !== 200) throw new Error(text)
  return { events: body['events'] as readonly Event[], first: body['first_sequence'], last: body['last_sequence'] }
}

const PAPER = { person: 'ada', scope: 'debt.presentation.30' }

describe('a consent from elsewhere', () => {
  test('is there from then on: for its client, in the feed, and for the person, who takes it back', async () => {
    const made = await create({ ...PAPER, person: 'kai', external_id: 'form-17' })
    expect(made.status).toBe(201)
    const id = String(made.body['consent_id'])
    expect(made.headers.get('location')).toBe(`${server.issuer}/api/consents/${id}`)
    expect(made.body).toMatchObject({ status: 'active', client_id: 'bank', scope: 'debt.presentation.30', duration_days: 30, external_id: 'form-17' })
    expect((await feed('?limit=1000')).events.at(-1)).toMatchObject({ type: 'consent.created', consent_id: id, client_id: 'bank', scope: 'debt.presentation.30', external_id: 'form-17', event_id: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown, timestamp: expect.stringMatching(/Z$/) as unknown })
    const browser = newBrowser(server.issuer)
    const row = async () => entries(await openAccount(browser, '/account/applications', 'kai'), 'application').find(({ text }) => text.includes('The Bank'))
    expect((await row())?.text).toContain('Show your unsecured debt')
    await browser.submit(await browser.open((await row())?.href ?? ''), 'csrf', {})
    expect((await ask(server, `${id}/status`, bank)).body).toMatchObject({ status: 'withdrawn', withdrawn_by: 'person' })
    expect(await row()).toBeUndefined()
    // A client tells of another one afterwards: it is on the page again, and goes again; what was taken back did not come back.
    const again = String((await create({ ...PAPER, person: 'kai', external_id: 'form-18' })).body['consent_id'])
    expect((await row())?.text).toContain('Show your unsecured debt')
    await browser.submit(await browser.open((await row())?.href ?? ''), 'csrf', {})
    expect((await ask(server, `${again}/status`, bank)).body['status']).toBe('withdrawn')
    expect(await row()).toBeUndefined()
  })

  test('with the same external id is the same one, also of a hundred at once; each client has its own ids', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => create({ ...PAPER, external_id: 'form-1' })))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(99)
    const ids = new Set(answers.map(({ body }) => body['consent_id']))
    expect(ids.size).toBe(1)
    expect((await feed('?limit=1000')).events.filter((event) => ids.has(event['consent_id']))).toHaveLength(1)
    const theirs = await create({ ...PAPER, external_id: 'form-1' }, other)
    expect([theirs.status, ids.has(theirs.body['consent_id'])]).toEqual([201, false])
    for (const changed of [{ person: 'lin' }, { scope: 'debt.presentation.31' }]) {
      const clash = await create({ ...PAPER, external_id: 'form-1', ...changed })
      expect([clash.status, clash.body['error']]).toEqual([409, 'external_id_in_use'])
    }
  })

  test.each([
    ['debt.presentation.366', 'invalid_scope', 'debt.presentation is for 1 to 365 days'],
    ['debt.processing.29', 'invalid_scope', 'debt.processing is for 1 to 28 days'],
    ['debt.once.2', 'invalid_scope', 'debt.once is for one use: it takes no number of days'],
    ['debt.secured.10', 'invalid_scope', 'Each scope must be one whose consent has an end'],
    ['openid', 'invalid_scope', 'Each scope must be one whose consent has an end'],
    ['debt.presentation.30 openid', 'invalid_scope', 'Each scope must be one whose consent has an end'],
  ])('for %s: %s, and nothing is made', async (scope, error, description) => {
    const before = (await feed()).last
    const answer = await create({ ...PAPER, scope })
    expect([answer.status, answer.body['error'], answer.body['error_description']]).toEqual([400, error, description])
    expect((await feed()).last).toBe(before)
  })

  test('of nobody, of a purpose that is not the client\'s, or said badly, is not made', async () => {
    const before = (await feed('', other)).last
    expect((await create({ ...PAPER, person: 'nobody' }, other)).body['error']).toBe('unknown_user_id')
    expect((await create({ ...PAPER, scope: 'debt.processing' }, other)).body['error']).toBe('invalid_scope')
    for (const bad of [{}, { person: 'ada' }, { ...PAPER, external_id: '' }, { ...PAPER, more: true }, { ...PAPER, person: 7 }]) expect((await create(bad, other)).body['error']).toBe('invalid_request')
    expect((await create(PAPER, await itself(server, 'bank', 'consent.events'))).body['error']).toBe('insufficient_scope')
    expect((await create(PAPER, { authorization: `Bearer ${(await agree(server, 'openid')).body['access_token']}` })).status).toBe(403)
    expect((await feed('', other)).last).toBe(before)
  })
})

describe('the feed', () => {
  test('tells of each end: used, expired, withdrawn', async () => {
    const from = `?from_sequence=${Number((await feed()).last ?? 0) + 1}`
    const once = (await agree(server, 'debt.presentation')).body['access_token']
    const [used, days] = [await consentOf(server, once), String((await create({ ...PAPER, scope: 'debt.presentation.1' })).body['consent_id'])]
    const back = String((await create(PAPER)).body['consent_id'])
    await introspect(server, once)
    await withdraw(back)
    await server.advance(86_401)
    bank = await itself(server, 'bank', 'consent.create consent.events')
    other = await itself(server, 'other-bank', 'consent.create consent.events')
    expect(await expireConsentsJob.run(server.ctx, () => false)).toBe(1)
    const events = (await feed(from)).events.map((event) => [event['type'], event['consent_id']])
    expect(events).toEqual([['consent.created', used], ['consent.created', days], ['consent.created', back], ['consent.used', used], ['consent.withdrawn', back], ['consent.expired', days]])
    expect(await expireConsentsJob.run(server.ctx, () => false)).toBe(0)
  })

  test('is one client\'s own, in pages, for who may read it', async () => {
    const mine = await feed('?from_sequence=2&limit=2')
    expect(mine.events.map(({ sequence }) => sequence)).toEqual([2, 3])
    expect(mine.first).toBe(1)
    expect(new Set((await feed('?limit=1000', other)).events.map((event) => event['client_id']))).toEqual(new Set(['other-bank']))
    for (const query of ['?limit=0', '?limit=1001', '?limit=x', '?from_sequence=0', '?from_sequence=-1', '?limit=1&limit=2']) expect((await ask(server, `feed${query}`, bank)).body['error']).toBe('invalid_request')
    expect((await ask(server, 'feed', await itself(server, 'bank', 'consent.create'))).status).toBe(403)
    expect((await feed(`?from_sequence=${Number(mine.last) + 1}`)).events).toEqual([])
  })

  /** Makes consents and takes some back at once, while two readers follow; what they saw, and what there is in the end. */
  async function storm(withdrawals: readonly boolean[]): Promise<void> {
    const start = Number((await feed('', other)).last ?? 0)
    const total = withdrawals.length + withdrawals.filter(Boolean).length
    const follow = async (): Promise<readonly Event[]> => {
      const seen: Event[] = []
      while (seen.length < total) seen.push(...(await feed(`?from_sequence=${start + seen.length + 1}&limit=1000`, other)).events)
      return seen
    }
    const readers = [follow(), follow()]
    await Promise.all(
      withdrawals.map(async (back) => {
        const id = (await create(PAPER, other)).body['consent_id']
        if (back) expect((await withdraw(id, other)).status).toBe(204)
      }),
    )
    const all = (await feed(`?from_sequence=${start + 1}&limit=1000`, other)).events
    expect(all.map(({ sequence }) => sequence)).toEqual(Array.from({ length: total }, (_, i) => start + i + 1))
    for (const seen of await Promise.all(readers)) expect(seen).toEqual(all)
    expect(new Set(all.map((event) => event['event_id'])).size).toBe(total)
    const created = all.filter((event) => event['type'] === 'consent.created').map((event) => event['consent_id'])
    expect(new Set(created).size).toBe(withdrawals.length)
    for (const gone of all.filter((event) => event['type'] === 'consent.withdrawn')) {
      const before = all.find((event) => event['type'] === 'consent.created' && event['consent_id'] === gone['consent_id'])
      expect(before?.sequence).toBeLessThan(gone.sequence)
    }
  }

  test('of 200 consents and withdrawals at once has no hole, one order, and shows nobody a number before a smaller one', async () => {
    await storm(Array.from({ length: 200 }, (_, i) => i % 2 === 0))
  })

  test('the same for any of them', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 25 }), storm), { numRuns: 5 })
  })

  test('begins later once its oldest events are old, and never has a hole; who comes too late is told so', async () => {
    await Promise.all([create(PAPER), create(PAPER), create(PAPER, other)])
    const before = await feed()
    await feed('', other)
    await server.advance(731 * 86_400)
    bank = await itself(server, 'bank', 'consent.create consent.events')
    other = await itself(server, 'other-bank', 'consent.create consent.events')
    const kept = String((await create(PAPER)).body['consent_id'])
    const last = Number(before.last) + 1
    // Readers ask while it is taken out: each gets all from its number on, or hears that it is too late.
    const readers = Array.from({ length: 20 }, async () => {
      const answer = await ask(server, 'feed?from_sequence=1&limit=1000', bank)
      if (answer.status === 410) return expect(answer.body).toMatchObject({ error: 'events_gone', last_sequence: last })
      expect((answer.body['events'] as readonly Event[]).map(({ sequence }) => sequence)).toEqual(Array.from({ length: last }, (_, i) => i + 1))
    })
    const [gone] = await Promise.all([forgetConsentEventsJob.run(server.ctx, () => false), ...readers])
    expect(gone).toBeGreaterThanOrEqual(Number(before.last))
    const after = await feed()
    expect([after.first, after.last]).toEqual([last, last])
    expect(after.events.map(({ sequence, consent_id }) => [sequence, consent_id])).toEqual([[last, kept]])
    const late = await ask(server, `feed?from_sequence=${last - 1}`, bank)
    expect([late.status, late.body]).toEqual([410, { error: 'events_gone', error_description: `Events before ${last} are not kept any more`, error_uri: expect.stringContaining('/dashboard/diagnosis/'), first_sequence: last, last_sequence: last }])
    expect((await feed(`?from_sequence=${last}`)).events).toHaveLength(1)
    // Of another client everything was old: it goes on with the next number.
    const empty = await feed('', other)
    expect([empty.events, empty.first]).toEqual([[], Number(empty.last) + 1])
    await create(PAPER, other)
    expect((await feed('', other)).events.map(({ sequence }) => sequence)).toEqual([Number(empty.last) + 1])
    expect(await forgetConsentEventsJob.run(server.ctx, () => false)).toBe(0)
  })
})
