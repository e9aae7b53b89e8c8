import type { Offered } from '../clients/metadata.ts'
import type { Fault } from './fault.ts'
import { kinds } from './index.ts'
import { issueFaults, nearest } from './issues.ts'
import type { Document, Kind } from './kind.ts'
import { parseFile, type SourceDocument, type SourceFile } from './parse.ts'
import { faultAt } from './position.ts'
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

function takeSecret(source: SourceDocument, kind: Kind, value: unknown, options: ReadOptions, faults: Fault[]): Secret | undefined {
  if (kind.secret === undefined || value === undefined) return undefined
  const { member } = kind.secret
  const read = readSecret(value, { env: options.env, directory: source.file.directory })
  const fault = typeof read === 'string' ? read : kind.secret.fault(read, options.demo)
  if (fault !== undefined) faults.push(faultAt(source, [member], `${member} ${fault}`))
  return typeof read === 'string' ? undefined : read
}

function readOne(source: SourceDocument, options: ReadOptions, faults: Fault[]): Declaration | undefined {
  const kind = findKind(source, faults)
  if (kind === undefined || !isMap(source.value)) return undefined
  const { kind: _, ...members } = source.value
  const member = kind.secret?.member
  const { [member ?? '']: secretValue, ...rest } = members
  const before = faults.length
  const secret = takeSecret(source, kind, secretValue, options, faults)
  const result = kind.schema(options.offered).safeParse(member === undefined ? members : rest)
  if (!result.success) faults.push(...issueFaults(source, result.error.issues, member === undefined ? kind.members : [...kind.members, member]))
  if (!result.success || faults.length > before) return undefined
  return { kind, id: kind.identity(result.data), document: result.data, secret, source }
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

/** Reads files to documents; every fault goes to `faults`, in the order of the files. */
export function readDeclarations(files: readonly SourceFile[], options: ReadOptions, faults: Fault[]): readonly Declaration[] {
  const declarations = files.flatMap((file) => parseFile(file, faults).flatMap((source) => readOne(source, options, faults) ?? []))
  refuseTwice(declarations, faults)
  return declarations
}
