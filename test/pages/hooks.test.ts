import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { byId, elementsOf, textOf } from './markup.ts'
import { pagesApp } from './pages-app.ts'

let app: FastifyInstance
beforeAll(async () => {
  app = await pagesApp()
})
afterAll(async () => {
  await app.close()
})

const body = async (address: string) => (await app.inject(address)).body
const named = (html: string, name: string) => elementsOf(html).filter((element) => element.attributes.get('name') === name)
const facts = (html: string, id: string) => Object.fromEntries(byId(html, id)?.attributes ?? [])

describe('login', () => {
  it('has a form that password managers and agents know', async () => {
    const html = await body('/login/empty')
    expect(facts(html, 'login-form')).toMatchObject({ method: 'post', action: '/signin/tx/step' })
    expect(facts(html, 'username')).toMatchObject({
      name: 'username', type: 'text', autocomplete: 'username webauthn', autocapitalize: 'none', autocorrect: 'off',
      spellcheck: 'false', enterkeyhint: 'next', autofocus: '', 'aria-describedby': 'username-hint',
    })
    expect(facts(html, 'password')).toMatchObject({ name: 'password', type: 'password', autocomplete: 'current-password' })
    expect(byId(html, 'password')?.attributes.has('value')).toBe(false)
    expect(facts(html, 'password-reveal')).toMatchObject({ type: 'button', hidden: '', 'aria-pressed': 'false', 'aria-label': 'Show password' })
    expect(facts(html, 'login-cancel')).toMatchObject({ name: 'cancel', value: '1', formnovalidate: '' })
    expect(facts(html, 'shared-computer')).toMatchObject({ name: 'shared_computer', value: '1', type: 'checkbox' })
    expect(byId(html, 'shared-computer')?.attributes.has('checked')).toBe(false)
    // Enter presses the first button of a form.
    expect(byId(html, 'login-submit')?.at).toBeLessThan(byId(html, 'login-cancel')?.at ?? 0)
  })

  it('says once what is wrong, beside the password, and puts the person there', async () => {
    const html = await body('/login/credentials')
    expect(facts(html, 'username')).toMatchObject({ value: 'ada' })
    expect(facts(html, 'password')).toMatchObject({ 'aria-invalid': 'true', 'aria-describedby': 'password-error', autofocus: '' })
    expect(textOf(html).split('The user name or password is wrong').length).toBe(2)
  })

  it('says until when with the zone, as the first thing read', async () => {
    const html = await body('/login/throttled')
    expect(facts(html, 'login-error')).toMatchObject({ role: 'alert', tabindex: '-1', autofocus: '' })
    expect(textOf(html)).toContain('21 Nov 2026, 05:40 UTC')
    expect(elementsOf(html).find((element) => element.tag === 'time')?.attributes.get('datetime')).toBe('2026-11-21T05:40:00.000Z')
  })

  it('shows a logo of another origin only where its origin was allowed', async () => {
    expect(elementsOf(await body('/login/empty')).some((element) => element.tag === 'img')).toBe(false)
  })
})

describe('discovery', () => {
  it('has links for providers, a search that is a GET, and the focus in it', async () => {
    const html = await body('/discovery/first')
    const rows = elementsOf(html).filter((element) => element.attributes.has('data-provider'))
    expect(rows.map((row) => [row.tag, row.attributes.get('data-provider')])).toEqual([['a', 'ntu'], ['a', 'lunmal'], ['div', 'no']])
    expect(facts(html, 'search-form')).toMatchObject({ method: 'get', role: 'search', action: '/signin/tx/discovery' })
    expect(facts(html, 'q')).toMatchObject({ name: 'q', type: 'search', autofocus: '' })
    expect(textOf(html)).toContain('Course Planner does not accept this institution')
  })

  it('puts a remembered institution first, without taking the focus, and forgetting beside it', async () => {
    const html = await body('/discovery/returning')
    const main = byId(html, 'main')?.at ?? 0
    const first = elementsOf(html).find((element) => element.at > main && ['a', 'button', 'input'].includes(element.tag) && element.attributes.get('type') !== 'hidden')
    expect(first?.attributes.get('data-provider')).toBe('ntu')
    expect(byId(html, 'q')?.attributes.has('autofocus')).toBe(false)
    expect(named(html, 'provider')[0]?.attributes.get('aria-label')).toBe('Forget Norges testuniversitet')
  })

  it('says that nothing matches, what to try, and keeps a list', async () => {
    const html = await body('/discovery/none')
    expect(byId(html, 'no-match')?.attributes.has('hidden')).toBe(false)
    expect(elementsOf(html).filter((element) => element.attributes.has('data-provider'))).toHaveLength(3)
  })

  it('counts', async () => {
    expect(textOf(await body('/discovery/found'))).toContain('205 institutions found, showing 1')
  })
})

describe('chooser', () => {
  it('has a button an account, the refused ones last and not pressable', async () => {
    const rows = elementsOf(await body('/chooser/three')).filter((element) => element.attributes.has('data-account'))
    expect(rows.map((row) => [row.tag, row.attributes.get('name'), row.attributes.get('value')])).toEqual([
      ['button', 'account', 'a1'], ['button', 'account', 'a2'], ['div', undefined, undefined],
    ])
  })

  it('focuses the hinted account', async () => {
    const hinted = elementsOf(await body('/chooser/insecure')).find((element) => element.attributes.has('autofocus'))
    expect(hinted?.attributes.get('data-account')).toBe('a1')
  })
})

describe('consent', () => {
  it('has two buttons alike, neither focused, and nothing that Enter would press', async () => {
    const html = await body('/consent/all')
    expect(facts(html, 'consent-allow')).toEqual({ id: 'consent-allow', name: 'decision', value: 'allow' })
    expect(facts(html, 'consent-deny')).toMatchObject({ name: 'decision', value: 'deny' })
    const form = byId(html, 'consent-form')?.at ?? 0
    const pressed = elementsOf(html).find((element) => element.at > form && element.tag === 'button')
    expect(pressed?.attributes.get('formmethod')).toBe('dialog')
  })

  it('names the person, the owner, the origin and the values', async () => {
    const text = textOf(await body('/consent/all'))
    for (const part of ['Ada Example', 'Example Education AS (verified)', 'https://planner.example.org', 'See your e-mail address: ada@ntu.example', 'NTU has approved']) {
      expect(text.replace(/ ([):])/g, '$1')).toContain(part)
    }
  })

  it('never shows an empty or raw item', async () => {
    const html = await body('/consent/more')
    const items = html.slice(html.indexOf('id="consent-items"'), html.indexOf('</ul>', html.indexOf('id="consent-items"')))
    expect(textOf(items)).not.toContain('nobody.knows')
    expect(textOf(items)).toContain('Use another part of your account')
  })

  it('leaves the optional things to the person', async () => {
    const boxes = named(await body('/consent/all'), 'optional_scope')
    expect(boxes.map((box) => [box.attributes.get('value'), box.attributes.has('checked')])).toEqual([['groups', false], ['gk_calendar_write', true]])
  })

  it('ties the warning to the button, and says another thing of this computer', async () => {
    const insecure = await body('/consent/insecure')
    expect(facts(insecure, 'consent-allow')).toMatchObject({ 'aria-describedby': 'insecure-warning' })
    expect(textOf(insecure)).toContain('http://dev.planner.example')
    expect(byId(insecure, 'insecure-warning')?.at).toBeLessThan(byId(insecure, 'consent-form')?.at ?? 0)
    expect(textOf(await body('/consent/loopback'))).toContain('This application runs on this computer')
  })
})

describe('logout and errors', () => {
  it('have their hooks', async () => {
    const html = await body('/logout/one')
    expect(facts(html, 'logout-confirm')).toMatchObject({ name: 'decision', value: 'confirm' })
    expect(facts(html, 'logout-cancel')).toMatchObject({ name: 'decision', value: 'cancel' })
    const error = await body('/error/way-back')
    expect(textOf(error)).toContain('7F3K-92QD')
    expect(elementsOf(error).some((element) => element.attributes.get('href') === 'mailto:help@planner.example')).toBe(true)
  })
})
