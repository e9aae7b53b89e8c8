import { createTransport } from 'nodemailer'
import type { Log } from '../audit/log.ts'
import type { Config } from '../config.ts'
import { isMailAddress, parseMailbox } from '../lib/mail-address.ts'
import type { Written } from './letter.ts'

// Owns the way out: an SMTP server, or in the demo the log. What goes in was written by letter.ts; an address is looked at once more here,
// because this is the last place where a second recipient or a header could slip in.

/** Why a mail did not leave. `gone` is for ever: the address is refused, or is none. */
export class MailFailure extends Error {
  readonly isGone: boolean
  /** Codes only: what a mail server says has the address in it. */
  readonly detail: string
  constructor(isGone: boolean, detail: string) {
    super('a mail did not leave')
    this.isGone = isGone
    this.detail = detail
  }
}

export interface Transport {
  /** Throws MailFailure. */
  send(to: string, written: Written): Promise<void>
  close(): void
}

const CONNECT_MS = 10_000
const SILENCE_MS = 20_000

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '127.0.0.1' || host === '[::1]' || host === '::1'
}

function codesOf(error: unknown): { readonly code: string; readonly response: number | undefined } {
  const { code, responseCode } = (typeof error === 'object' && error !== null ? error : {}) as { readonly code?: unknown; readonly responseCode?: unknown }
  return { code: typeof code === 'string' ? code : 'unknown', response: typeof responseCode === 'number' ? responseCode : undefined }
}

function toFailure(error: unknown): MailFailure {
  const { code, response } = codesOf(error)
  const isGone = (code === 'EENVELOPE' || code === 'EMESSAGE') && response !== undefined && response >= 500
  return new MailFailure(isGone, response === undefined ? code : `${code} ${response}`)
}

/** Sends over SMTP. Credentials never travel unencrypted but to this very machine; there a certificate proves nothing and is not asked for. */
export function smtpTransport(address: string, from: string): Transport {
  const url = new URL(address)
  const local = isLoopback(url.hostname)
  const secure = url.protocol === 'smtps:'
  const user = decodeURIComponent(url.username)
  const transporter = createTransport({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || (secure ? 465 : 25)),
    secure,
    requireTLS: !secure && user !== '' && !local,
    ...(user === '' ? {} : { auth: { user, pass: decodeURIComponent(url.password) } }),
    tls: { rejectUnauthorized: !local },
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const sender = parseMailbox(from)
  return {
    send: async (to, { subject, text, html }) => {
      if (!isMailAddress(to)) throw new MailFailure(true, 'address')
      try {
        await transporter.sendMail({ from: sender, to: { name: '', address: to }, subject, text, html, headers: { 'Auto-Submitted': 'auto-generated' }, disableFileAccess: true, disableUrlAccess: true })
      } catch (error) {
        throw toFailure(error)
      }
    },
    close: () => transporter.close(),
  }
}

/** The demo's: a newcomer reads mails in the terminal. On this machine only, with made-up people. */
function printingTransport(log: Log): Transport {
  return {
    send: async (to, { subject, text }) => {
      log.warn({ event: 'mail.printed', to, subject, text }, 'the demo sends no mail; this one would have left')
    },
    close: () => {},
  }
}

/** What this configuration sends mails with; nothing when it cannot send any. */
export function transportOf(config: Config, log: Log): Transport | undefined {
  if (config.mailUrl !== undefined && config.mailFrom !== undefined) return smtpTransport(config.mailUrl, config.mailFrom)
  return config.demo ? printingTransport(log) : undefined
}
