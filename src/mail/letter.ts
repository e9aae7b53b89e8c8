import { escapeHtml } from '../lib/escape-html.ts'

// Owns what a mail says: which kinds there are, and how one becomes subject, text and HTML in the person's language. The sentences are in
// views/locales/<language>/mail.json. No secret ever stands in a subject: subjects are shown on locked screens and kept in logs.

/** Each kind has `mail.<kind>.subject`, `.text` and `.why`, which may use `{service}` and the letter's values. */
export const mailKinds = ['reset', 'password-changed', 'sign-in-code', 'sign-up', 'sign-up-known', 'address-change', 'address-changed', 'identity-linked', 'accounts-merged', 'factor-added', 'factor-removed', 'approval', 'client-wanted', 'scope-asked', 'scope-granted', 'scope-refused'] as const
export type MailKind = (typeof mailKinds)[number]

export interface Letter {
  readonly kind: MailKind
  /** Nobody: written, sealed and thrown away like any other, so that an unknown address costs the same as a known one. */
  readonly to: string | undefined
  /** A language of the pages. */
  readonly language: string
  /** For the sentences. */
  readonly values?: Readonly<Record<string, string | number>>
  /** An address of ours on a line of its own. */
  readonly link?: string
  /** A code on a line of its own. */
  readonly code?: string
  /** After that it is not sent any more. */
  readonly expiresInSeconds: number
}

/** Sentences of one language; values are escaped in `html`. */
export interface Words {
  readonly text: (key: string, values?: Readonly<Record<string, string | number>>) => string
  readonly html: (key: string, values?: Readonly<Record<string, string | number>>) => string
}

export interface Written {
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** Subject, plain text and HTML of a letter. */
export function writeLetter(letter: Letter, words: Words, service: { readonly name: string; readonly issuer: string }): Written {
  const { kind, link, code } = letter
  const values = { ...letter.values, service: service.name }
  const [text, why] = [`mail.${kind}.text`, `mail.${kind}.why`]
  const own = link ?? code
  const plain = [words.text(text, values), ...(own === undefined ? [] : [own]), words.text(why, values), `-- \n${service.name}\n${service.issuer}`]
  const shown = link !== undefined ? [`<p><a href="${escapeHtml(link)}">${escapeHtml(link)}</a></p>`] : code !== undefined ? [`<p style="font-size:1.5em;letter-spacing:.1em"><strong>${escapeHtml(code)}</strong></p>`] : []
  const html = [`<p>${words.html(text, values)}</p>`, ...shown, `<p>${words.html(why, values)}</p>`, `<p>${escapeHtml(service.name)}<br>${escapeHtml(service.issuer)}</p>`]
  return {
    subject: words.text(`mail.${kind}.subject`, values),
    text: `${plain.join('\n\n')}\n`,
    html: `<!doctype html><html lang="${escapeHtml(letter.language)}"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"></head><body>${html.join('\n')}</body></html>`,
  }
}
