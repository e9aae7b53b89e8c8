import type { z } from 'zod'
import type { Offered } from '../clients/metadata.ts'
import type { Fault } from './fault.ts'
import { kinds } from './index.ts'
import { nearest } from '../lib/nearest.ts'
import { issueFaults } from './issues.ts'
import type { Document, Kind } from './kind.ts'
import { parseFile, type SourceDocument, type SourceFile } from './parse.ts'
import { faultAt } from './position.ts'
import { schemaOf } from './schema-of.ts'
import { readSecret, type Secret } from './secret.ts'

// Owns the step from files to valid documents, one by one. What documents say of each other is checked in references.ts.

/** A valid document of a file. */
export interface Declaration {
  readonly kind: Kind
  readonly id: string
  readonly document: Document
  readonly secret: Secret | undefined
  readonly source: SourceDocument
}

export interface ReadOptions {
  readonly offered: Offered
  readonly env: Readonly<Record<string, string | undefined>>
  /** Allows the one short secret there is. */
  readonly demo: boolean
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function findKind(source: SourceDocument, faults: Fault[]): Kind | undefined {
  const names = kinds.map((kind) => kind.kind)
  if (!isMap(source.value)) {
    faults.push(faultAt(source, [], 'a document must be a map that begins with kind'))
    return undefined
  }
  const name = source.value['kind']
  const kind = kinds.find((candidate) => candidate.kind === name)
  if (kind !== undefined) return kind
  const meant = typeof name === 'string' ? nearest(name, names) : undefined
  faults.push(faultAt(source, ['kind'], name === undefined ? `kind is missing; it is one of: ${names.join(', ')}` : `kind must be one of: ${names.join(', ')}${meant === undefined ? '' : `; did you mean ${meant}?`}`))
  return undefined
}

function takeSecret(source: SourceDocument, kind: Kind, members: Document, options: ReadOptions, faults: Fault[]): Secret | undefined {
  const member = kind.secret?.member(members)
  const value = member === undefined ? undefined : members[member]
  if (kind.secret === undefined || member === undefined || value === undefined) return undefined
  const read = readSecret(value, { env: options.env, directory: source.file.directory ?? process.cwd() })
  const fault = typeof read === 'string' ? read : kind.secret.fault(read, options.demo, members)
  if (fault !== undefined) faults.push(faultAt(source, [member], `${member} ${fault}`))
  return typeof read === 'string' ? undefined : read
}

// A schema's rules between members wait until each member is right. Asked again without the wrong ones, they tell what they can already.
function laterIssues(schema: z.ZodType, members: Document, issues: readonly z.core.$ZodIssue[]): readonly z.core.$ZodIssue[] {
  const wrong = new Set(issues.flatMap((issue) => (issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : [String(issue.path[0])])))
  const again = schema.safeParse(Object.fromEntries(Object.entries(members).filter(([name]) => !wrong.has(name))))
  return again.error?.issues.filter((issue) => issue.code === 'custom' && !wrong.has(String(issue.path[0]))) ?? []
}

/** Everything that is wrong with the members of a document, or the document as its schema reads it. */
export function checkMembers(kind: Kind, members: Document, offered: Offered): { readonly document: Document } | { readonly issues: readonly z.core.$ZodIssue[]; readonly known: readonly string[] } {
  const schema = schemaOf(kind, offered)
  const result = schema.safeParse(members)
  if (result.success) return { document: result.data }
  const { issues } = result.error
  return { issues: [...issues, ...laterIssues(schema, members, issues)], known: kind.secret === undefined ? kind.members : [...kind.members, kind.secret.member(members)] }
}

function readOne(source: SourceDocument, options: ReadOptions, faults: Fault[]): Declaration | undefined {
  const kind = findKind(source, faults)
  if (kind === undefined || !isMap(source.value)) return undefined
  const { kind: _, ...members } = source.value
  const member = kind.secret?.member(members)
  const { [member ?? '']: _secret, ...rest } = members
  const before = faults.length
  const secret = takeSecret(source, kind, members, options, faults)
  const checked = checkMembers(kind, member === undefined ? members : rest, options.offered)
  if ('issues' in checked) faults.push(...issueFaults(source, checked.issues, checked.known))
  const document = 'document' in checked ? checked.document : undefined
  return document === undefined || faults.length > before ? undefined : { kind, id: kind.identity(document), document, secret, source }
}

function refuseTwice(declarations: readonly Declaration[], faults: Fault[]): void {
  const seen = new Map<string, Declaration>()
  for (const declaration of declarations) {
    const name = `${declaration.kind.kind} ${declaration.id}`
    const first = seen.get(name)
    if (first === undefined) seen.set(name, declaration)
    else {
      const { file, line } = faultAt(first.source, [], '')
      faults.push(faultAt(declaration.source, [], `${name} is declared twice; the first is at ${file}:${line}`))
    }
  }
}

export interface ReadDeclarations {
  readonly declarations: readonly Declaration[]
  /** What a faulty document is about, as `kind id`: others that name it are not wrong for that. */
  readonly faulty: ReadonlySet<string>
  /** Every document could at least be read as YAML. */
  readonly complete: boolean
}

function nameOf(source: SourceDocument): string {
  const value = isMap(source.value) ? source.value : {}
  const [member] = kinds.find((kind) => kind.kind === value['kind'])?.members ?? []
  return `${String(value['kind'])} ${member === undefined ? '' : String(value[member])}`
}

/** Reads files to documents; every fault goes to `faults`. */
export function readDeclarations(files: readonly SourceFile[], options: ReadOptions, faults: Fault[]): ReadDeclarations {
  const sources = files.flatMap((file) => parseFile(file, faults))
  const complete = faults.length === 0
  const declarations: Declaration[] = []
  const faulty = new Set<string>()
  for (const source of sources) {
    const read = readOne(source, options, faults)
    if (read === undefined) faulty.add(nameOf(source))
    else declarations.push(read)
  }
  refuseTwice(declarations, faults)
  return { declarations, faulty, complete }
}
