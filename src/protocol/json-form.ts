import { invalidRequest } from './error.ts'
import { type Form, formOf } from './form.ts'

// Parameters as a flat JSON object of strings, for clients that send a token request so. It is read by its own small grammar: JSON.parse takes
// the last of two members of one name without a word, and RFC 6749 §3.2 forbids two.

const STRING = String.raw`"(?:[^"\\\u0000-\u001F]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"`
const SPACE = String.raw`[ \t\r\n]*`
const MEMBER = new RegExp(`${SPACE}(${STRING})${SPACE}:${SPACE}(${STRING})${SPACE}(,|$)`, 'y')

function textOf(literal: string): string {
  return JSON.parse(literal) as string
}

function membersOf(text: string): readonly (readonly [string, string])[] | undefined {
  const inner = /^[ \t\r\n]*\{([^]*)\}[ \t\r\n]*$/.exec(text)?.[1]
  if (inner === undefined) return undefined
  if (/^[ \t\r\n]*$/.test(inner)) return []
  const members: [string, string][] = []
  MEMBER.lastIndex = 0
  for (;;) {
    const match = MEMBER.exec(inner)
    if (match?.[1] === undefined || match[2] === undefined) return undefined
    members.push([textOf(match[1]), textOf(match[2])])
    if (match[3] === '') return members
  }
}

/** Reads `{"a": "1"}` as the form that says the same. Throws `invalid_request` for anything else, with the form's own rules for what it says. */
export function parseJsonForm(text: string): Form {
  const members = text.includes('\uFFFD') ? undefined : membersOf(text)
  if (members === undefined) throw invalidRequest('The body is not a JSON object of strings', { trace: { cause: 'request.not_form' } })
  return formOf(members)
}
