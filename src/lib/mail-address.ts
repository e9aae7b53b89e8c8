/** One mailbox: an address and the name that stands beside it. */
export interface Mailbox {
  readonly name: string
  readonly address: string
}

const LONGEST = 254
const LONGEST_LOCAL = 64
const LOCAL = /^[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u
const DOMAIN = /^(?=.{1,253}$)(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?$/u

/**
 * Whether text is exactly one plain address (RFC 5321 §4.1.2, dot-string at a domain name). Quoted parts, comments, address literals, lists
 * and line ends are not: each of them has carried a second recipient or a header into somebody's mail.
 */
export function isMailAddress(text: string): boolean {
  const at = text.lastIndexOf('@')
  const [local, domain] = [text.slice(0, at), text.slice(at + 1)]
  return at > 0 && text.length <= LONGEST && local.length <= LONGEST_LOCAL && LOCAL.test(local) && DOMAIN.test(domain)
}

/** `A name <address>`, or an address alone. Whether the address is one is `isMailAddress`'s question. */
export function parseMailbox(text: string): Mailbox {
  const match = /^([^<>"\p{Cc}]*)<([^<>\s]*)>$/u.exec(text.trim())
  return match === null ? { name: '', address: text.trim() } : { name: (match[1] ?? '').trim(), address: match[2] ?? '' }
}
