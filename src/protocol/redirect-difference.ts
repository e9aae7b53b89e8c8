import type { Findings, Hint } from './trace.ts'

// Owns how two addresses are told apart in words: for those who may read the diagnosis, never for whoever sent the request.

const MOST = 50
const LONGEST = 500

function commonStart(a: string, b: string): number {
  const most = Math.min(a.length, b.length)
  let i = 0
  while (i < most && a[i] === b[i]) i++
  return i
}

function commonEnd(a: string, b: string, most: number): number {
  let i = 0
  while (i < most && a.at(-1 - i) === b.at(-1 - i)) i++
  return i
}

// As good as an edit distance for addresses, in linear time: a flood of long ones must cost nothing.
function likeness(a: string, b: string): number {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()]
  const start = commonStart(x, y)
  const end = commonEnd(x, y, Math.min(x.length, y.length) - start)
  return (start + end) / Math.max(x.length, y.length, 1)
}

/** The registered address that looks most like the one sent. */
export function nearestAddress(sent: string, registered: readonly string[]): string | undefined {
  const short = sent.slice(0, LONGEST)
  return registered.slice(0, MOST).toSorted((a, b) => likeness(short, b.slice(0, LONGEST)) - likeness(short, a.slice(0, LONGEST)))[0]
}

interface Parts {
  readonly scheme: string
  readonly host: string
  readonly port: string
  readonly path: string
  readonly query: string
  readonly fragment: string
}

const ADDRESS = /^([A-Za-z][A-Za-z0-9+.-]*):(?:\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)(?::(\d*))?)?([^?#]*)(\?[^#]*)?(#.*)?$/s

function partsOf(uri: string): Parts | undefined {
  const [, scheme, host = '', port = '', path = '', query = '', fragment = ''] = ADDRESS.exec(uri) ?? []
  return scheme === undefined ? undefined : { scheme, host, port, path, query, fragment }
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

function pathHint(sent: string, expected: string): Hint {
  if (`${sent}/` === expected || sent === `${expected}/`) return { name: 'difference_trailing_slash' }
  if (sent.toLowerCase() === expected.toLowerCase()) return { name: /%[0-9a-f]{2}/i.test(sent) && decoded(sent) === decoded(expected) ? 'difference_encoding' : 'difference_path_case' }
  return decoded(sent) === decoded(expected) ? { name: 'difference_encoding' } : named('difference_path', sent, expected)
}

function named(name: string, sent: string, expected: string): Hint {
  return { name, values: { sent: sent.slice(0, 100) || '-', expected: expected.slice(0, 100) || '-' } }
}

/** The first thing in which an address differs from another: scheme, host, port, path, query, fragment, in that order. */
export function firstDifference(sent: string, expected: string): Hint {
  const [a, b] = [partsOf(sent), partsOf(expected)]
  if (a === undefined || b === undefined) return named('difference_scheme', a?.scheme ?? sent, b?.scheme ?? expected)
  if (a.scheme !== b.scheme) return named('difference_scheme', a.scheme, b.scheme)
  if (a.host !== b.host) return LOOPBACK.has(a.host) && LOOPBACK.has(b.host) ? { name: 'difference_localhost' } : named('difference_host', a.host, b.host)
  if (a.port !== b.port) return named('difference_port', a.port, b.port)
  if (a.path !== b.path) return pathHint(a.path, b.path)
  if (a.query !== b.query) return { name: 'difference_query' }
  return { name: a.fragment === b.fragment ? 'difference_same' : 'difference_fragment' }
}

/** What is to be said of an address that is none of the registered ones. */
export function compareAddresses(name: string, sent: string, registered: readonly string[]): Findings {
  const expected = nearestAddress(sent, registered)
  if (expected === undefined) return { compared: [{ name, sent }], hints: [{ name: 'none_registered' }] }
  return { compared: [{ name, sent, expected }], hints: [firstDifference(sent, expected)] }
}
