import { setTimeout as sleep } from 'node:timers/promises'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

// A mail server of the other side: real SMTP on a loopback port, which keeps what it is given and can be told to misbehave.

export interface Received {
  readonly to: readonly string[]
  readonly from: string
  readonly secure: boolean
  /** The whole message as it came. */
  readonly raw: string
  readonly subject: string
  /** The plain text part, decoded. */
  readonly text: string
  readonly html: string
}

export interface Mailbox {
  readonly url: string
  readonly received: Received[]
  /** The SMTP status to answer with instead of taking a mail. */
  refuse: { readonly at: 'recipient' | 'data'; readonly status: number } | undefined
  /** Waits for the next mail to an address and takes it out. */
  next(to: string): Promise<Received>
  close(): Promise<void>
}

function quotedPrintable(text: string): string {
  const bytes = text.replaceAll(/=\r?\n/g, '').replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

function decodedPart(raw: string, type: string): string {
  const part = raw.split(/\r\n--/).find((one) => one.toLowerCase().includes(`content-type: ${type}`)) ?? raw
  const at = part.indexOf('\r\n\r\n', Math.max(0, part.toLowerCase().indexOf(`content-type: ${type}`)))
  const [head, body] = [part.slice(0, at).toLowerCase(), part.slice(at + 4)]
  if (head.includes('base64')) return Buffer.from(body, 'base64').toString('utf8')
  return head.includes('quoted-printable') ? quotedPrintable(body) : body
}

function subjectOf(raw: string): string {
  const line = /^Subject: ((?:.*\r\n[ \t])*.*)/m.exec(raw)?.[1] ?? ''
  return line
    .replaceAll(/\r\n[ \t]/g, ' ')
    .replaceAll(/\?= =\?/g, '?==?')
    .replaceAll(/=\?UTF-8\?Q\?([^?]*)\?=/gi, (_, text: string) => quotedPrintable(text.replaceAll('_', ' ')))
    .replaceAll(/=\?UTF-8\?B\?([^?]*)\?=/gi, (_, text: string) => Buffer.from(text, 'base64').toString('utf8'))
}

export interface MailboxOptions {
  readonly user?: string
  readonly password?: string
  readonly server?: SMTPServerOptions
  readonly port?: number
}

const WAIT_MS = 8000

export async function startMailbox(options: MailboxOptions = {}): Promise<Mailbox> {
  const { user, password } = options
  const mailbox: Mailbox = {
    url: '',
    received: [],
    refuse: undefined,
    next: async (to) => {
      for (let waited = 0; waited < WAIT_MS; waited += 25) {
        const at = mailbox.received.findIndex((one) => one.to.includes(to))
        const [mail] = at < 0 ? [] : mailbox.received.splice(at, 1)
        if (mail !== undefined) return mail
        await sleep(25)
      }
      throw new Error(`no mail to ${to}; there are ${mailbox.received.map((one) => `${one.to.join()}: ${one.subject}`).join('; ')}`)
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
  const refused = (status: number): Error => Object.assign(new Error('no'), { responseCode: status })
  const server = new SMTPServer({
    ...(user === undefined ? { disabledCommands: ['AUTH', 'STARTTLS'], authOptional: true } : { authMethods: ['PLAIN'] }),
    onAuth: (auth, _session, callback) => (auth.username === user && auth.password === password ? callback(null, { user: user ?? '' }) : callback(refused(535))),
    onRcptTo: (_address, _session, callback) => callback(mailbox.refuse?.at === 'recipient' ? refused(mailbox.refuse.status) : null),
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        if (mailbox.refuse?.at === 'data') return callback(refused(mailbox.refuse.status))
        const raw = Buffer.concat(chunks).toString('utf8')
        const from = session.envelope.mailFrom
        mailbox.received.push({ to: session.envelope.rcptTo.map(({ address }) => address), from: from === false ? '' : from.address, secure: session.secure, raw, subject: subjectOf(raw), text: decodedPart(raw, 'text/plain'), html: decodedPart(raw, 'text/html') })
        callback()
      })
    },
    ...options.server,
  })
  server.on('error', () => {})
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const address = server.server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const login = user === undefined ? '' : `${encodeURIComponent(user)}:${encodeURIComponent(password ?? '')}@`
  return Object.assign(mailbox, { url: `smtp${options.server?.secure === true ? 's' : ''}://${login}127.0.0.1:${port}` })
}

export const MAIL_FROM = 'Sign-in service <no-reply@login.example>'

/** What a server needs to send its mails there. */
export function mailEnv(mailbox: Mailbox): Readonly<Record<string, string>> {
  return { PORTNER_MAIL_URL: mailbox.url, PORTNER_MAIL_FROM: MAIL_FROM }
}
