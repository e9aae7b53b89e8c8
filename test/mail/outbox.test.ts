import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Letter } from '../../src/mail/letter.ts'
import { isMailAddress } from '../../src/lib/mail-address.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Mailbox, mailEnv, startMailbox } from '../support/mailbox.ts'

// What happens to a letter between being wanted and being with a mail server.

let mailbox: Mailbox
let server: TestServer
beforeAll(async () => {
  mailbox = await startMailbox({ user: 'portner', password: 'p@ss: word/%' })
  server = await startTestServer({ env: { ...mailEnv(mailbox), PORTNER_SERVICE_NAME: 'Test <Sign-in>' } })
})
afterEach(async () => {
  mailbox.refuse = undefined
  mailbox.received.length = 0
  await sql`delete from mails`.execute(server.ctx.db)
})
afterAll(async () => {
  await server.close()
  await mailbox.close()
})

const letter = (to: string | undefined, more: Partial<Letter> = {}): Letter => ({ kind: 'sign-in-code', to, language: 'en', values: { minutes: 10 }, code: '314159', expiresInSeconds: 600, ...more })

async function waiting(): Promise<readonly { tries: number; sealed: Buffer; seconds: number }[]> {
  const { rows } = await sql<{ tries: number; sealed: Buffer; seconds: number }>`select tries, sealed, extract(epoch from due_at - clock_now())::float8 as seconds from mails`.execute(server.ctx.db)
  return rows
}

/** Sends what is due until a moment has passed in which the tries are as many. */
async function tried(times: number): Promise<void> {
  for (let i = 0; i < 200; i++) {
    await server.ctx.mail.deliver()
    const rows = await waiting()
    if (rows.every(({ tries, seconds }) => tries >= times && seconds < 1000 && seconds > 0)) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('the mail was not tried')
}

describe('a letter', () => {
  test('arrives over an encrypted connection, after the credentials, with text and HTML in the language, and no secret in its subject', async () => {
    await server.ctx.mail.send(letter('ada@ntu.example', { language: 'fi' }))
    const mail = await mailbox.next('ada@ntu.example')
    expect(mail).toMatchObject({ secure: true, from: 'no-reply@login.example', to: ['ada@ntu.example'], subject: 'Kirjautumiskoodisi' })
    expect(mail.raw).toMatch(/^From: "?Sign-in service"? <no-reply@login.example>\r$/m)
    expect(mail.raw).toContain('Auto-Submitted: auto-generated')
    expect(mail.text).toContain('314159')
    expect(mail.text).toContain('palvelun Test <Sign-in> sivulle')
    expect(mail.html).toContain('<strong>314159</strong>')
    expect(mail.html).toContain('<bdi>Test &#60;Sign-in&#62;</bdi>')
    expect(mail.html).toContain('lang="fi"')
    expect(mail.subject).not.toContain('314159')
  })

  test('is sealed while it waits, and gone when it has left', async () => {
    mailbox.refuse = { at: 'data', status: 451 }
    await server.ctx.mail.send(letter('ada@ntu.example'))
    const [row] = await waiting()
    for (const secret of ['314159', 'ada@', 'sign-in']) expect(row?.sealed.includes(secret)).toBe(false)
    await tried(1)
    mailbox.refuse = undefined
    await sql`update mails set due_at = clock_now()`.execute(server.ctx.db)
    await server.ctx.mail.deliver()
    await mailbox.next('ada@ntu.example')
    expect(await waiting()).toEqual([])
  })

  test('for nobody is written and thrown away', async () => {
    await server.ctx.mail.send(letter(undefined))
    expect(await waiting()).toHaveLength(1)
    await server.ctx.mail.deliver()
    expect([await waiting(), mailbox.received]).toEqual([[], []])
  })

  test('that nobody waits for any more is not sent', async () => {
    mailbox.refuse = { at: 'data', status: 451 }
    await server.ctx.mail.send(letter('late@ntu.example', { expiresInSeconds: 2 }))
    await tried(1)
    mailbox.refuse = undefined
    await server.advance(600)
    await server.ctx.mail.deliver()
    expect([await waiting(), mailbox.received]).toEqual([[], []])
    await server.advance(-600)
  })
})

describe('a mail server', () => {
  test('that is busy is asked again later, each time a little later', async () => {
    mailbox.refuse = { at: 'recipient', status: 450 }
    await server.ctx.mail.send(letter('ada@ntu.example'))
    await tried(1)
    expect((await waiting())[0]?.seconds).toBeCloseTo(5, 0)
    await sql`update mails set due_at = clock_now()`.execute(server.ctx.db)
    await tried(2)
    expect((await waiting())[0]?.seconds).toBeCloseTo(15, 0)
  })

  test('that refuses an address for ever is not asked again', async () => {
    mailbox.refuse = { at: 'recipient', status: 550 }
    await server.ctx.mail.send(letter('nobody@ntu.example'))
    await tried(1)
    expect(await waiting()).toEqual([])
    expect(server.logged()).toContain('mail.given-up')
  })

  test('is given no address, code or word of a mail server into the log', async () => {
    await server.ctx.mail.send(letter('ada@ntu.example'))
    await mailbox.next('ada@ntu.example')
    expect(server.logged()).not.toMatch(/@ntu\.example|314159|p@ss/)
  })

  test('gets each mail once, however many processes ask at once', async () => {
    for (let i = 0; i < 20; i++) await server.ctx.mail.send(letter(`p${i}@ntu.example`))
    await Promise.all(Array.from({ length: 5 }, () => server.ctx.mail.deliver()))
    for (let i = 0; i < 20; i++) await mailbox.next(`p${i}@ntu.example`)
    expect([await waiting(), mailbox.received]).toEqual([[], []])
  })
})

describe('a mail server that is away', () => {
  test('loses nothing: the mail waits and leaves when it is back', async () => {
    const away = await startMailbox()
    const env = mailEnv(away)
    await away.close()
    const alone = await startTestServer({ env })
    const port = Number(new URL(away.url).port)
    await alone.ctx.mail.send(letter('ada@ntu.example'))
    await alone.ctx.mail.deliver()
    const back = await startMailbox({ port })
    await sql`update mails set due_at = clock_now()`.execute(alone.ctx.db)
    await alone.ctx.mail.deliver()
    expect((await back.next('ada@ntu.example')).text).toContain('314159')
    await alone.close()
    await back.close()
  })
})

describe('an address', () => {
  test.each([
    ['ada@ntu.example', true],
    ['ada.b+c@mail.ntu.example', true],
    ['blåbær@blåbær.example', true],
    ['ada@ntu.example\r\nBcc: eve@evil.example', false],
    ['ada@ntu.example,eve@evil.example', false],
    ['ada@ntu.example;eve@evil.example', false],
    ['"ada@ntu.example> <eve"@evil.example', false],
    ['Ada <ada@ntu.example>', false],
    ['ada@[127.0.0.1]', false],
    ['(eve@evil.example)ada@ntu.example', false],
    ['@ntu.example', false],
    ['ada@', false],
    ['ada@localhost', false],
    ['ada@-ntu.example', false],
    [`${'a'.repeat(65)}@ntu.example`, false],
    ['', false],
  ])('%j: %s', (text, expected) => {
    expect(isMailAddress(text)).toBe(expected)
  })

  test('never has what mail programs read as more than one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (before, after) => {
        const text = `${before}@${after}`
        if (isMailAddress(text)) expect(text).toMatch(/^[^\s,;:<>()[\]"\\\p{Cc}]+@[^\s,;:<>()[\]"\\@\p{Cc}]+$/u)
      }),
    )
  })

  test('that is none is nobody, whatever reached the outbox', async () => {
    await server.ctx.mail.send(letter('ada@ntu.example\r\nBcc: eve@evil.example'))
    await server.ctx.mail.deliver()
    expect([await waiting(), mailbox.received]).toEqual([[], []])
  })
})
