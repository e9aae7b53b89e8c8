import type { z } from 'zod'
import { nearest } from '../lib/nearest.ts'
import type { Fault } from './fault.ts'
import type { SourceDocument } from './parse.ts'
import { faultAt, type Path } from './position.ts'

// Owns how a schema's complaint becomes a sentence at a place.

type Issue = z.core.$ZodIssue

function valueAt(value: unknown, path: Path): unknown {
  let at = value
  for (const part of path) at = typeof at === 'object' && at !== null ? Reflect.get(at, part) : undefined
  return at
}

/** `redirect_uris[0]`, `name.nb`: a member as people write it. */
export function memberName(path: Path): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`)).join('')
}

function unknownMember(key: string, known: readonly string[]): string {
  // A name that another protocol of the same kind has is no slip of the pen.
  const meant = known.includes(key) ? undefined : nearest(key, known)
  return `${key} is not a member here${meant === undefined ? '' : `; did you mean ${meant}?`}`
}

function sentence(issue: Issue, value: unknown): string {
  if (issue.code === 'invalid_type') return value === undefined ? 'is missing' : `must be ${article(issue.expected)}`
  if (issue.code === 'invalid_value') return `must be one of: ${issue.values.map(String).join(', ')}`
  if (issue.code === 'too_small' && issue.minimum === 1 && issue.origin === 'string') return 'must not be empty'
  if (issue.code === 'invalid_format') return FORMATS[issue.format] ?? issue.message
  return issue.message
}

const FORMATS: Readonly<Record<string, string>> = { email: 'must be an e-mail address', url: 'must be an absolute URL' }

function article(type: string): string {
  const names: Readonly<Record<string, string>> = { array: 'a list', record: 'a map', object: 'a map', string: 'a text (in quotes when it looks like a number)', boolean: 'true or false', number: 'a number', int: 'a whole number' }
  return names[type] ?? `of type ${type}`
}

// Of the branches of a union, the one that got furthest says what is wrong; when none got anywhere, the type is.
function bestBranch(errors: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  return errors.find((branch) => branch.every((issue) => issue.path.length > 0 || issue.code !== 'invalid_type'))
}

/** What is wrong with a document, and at which of its members. */
export interface MemberFault {
  readonly path: Path
  /** A whole sentence: it begins with the member's name. */
  readonly message: string
  /** It is about the name of the member, not about its value. */
  readonly atKey: boolean
}

/** The faults that a schema's issues mean in a document. `known` are the members of the document itself, for suggestions. */
export function memberFaults(value: unknown, issues: readonly Issue[], known: readonly string[], at: Path = []): readonly MemberFault[] {
  return issues.flatMap((issue) => {
    const path: Path = [...at, ...issue.path]
    const name = memberName(path)
    const say = (message: string, atKey = false): MemberFault => ({ path, message: name === '' ? message : `${name} ${message}`, atKey })
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ path: [...path, key], message: `${name === '' ? '' : `${name}: `}${unknownMember(key, path.length === 0 ? known : [])}`, atKey: true }))
    }
    if (issue.code === 'invalid_key') return [say(issue.issues[0]?.message ?? 'has a name that is not allowed', true)]
    if (issue.code === 'invalid_union' && 'discriminator' in issue) return [say(valueAt(value, path) === undefined ? 'is missing' : `must be one of: ${'options' in issue && Array.isArray(issue.options) ? issue.options.map(String).join(', ') : 'another value'}`)]
    if (issue.code === 'invalid_union') {
      const branch = bestBranch(issue.errors)
      return branch === undefined ? [say(valueAt(value, path) === undefined ? 'is missing' : 'must be a text or a map of languages to texts')] : memberFaults(value, branch, known, path)
    }
    return [say(sentence(issue, valueAt(value, path)))]
  })
}

/** The same, each at its place in a file. */
export function issueFaults(source: SourceDocument, issues: readonly Issue[], known: readonly string[]): readonly Fault[] {
  return memberFaults(source.value, issues, known).map(({ path, message, atKey }) => faultAt(source, path, message, atKey))
}
