import { isDeepStrictEqual } from 'node:util'
import { stringify } from 'yaml'
import type { Offered } from '../clients/metadata.ts'
import type { Context } from '../context.ts'
import { kinds } from './index.ts'
import { type Current, type Document, type Kind, withoutUndefined } from './kind.ts'
import { schemaOf } from './schema-of.ts'
import { findCurrent, kindOf } from './thing.ts'

// Owns the way back: what the database has, as the files that would make it. Never a secret.

function inOrder(kind: Kind, document: Document): Document {
  const known = kind.members.filter((member) => document[member] !== undefined)
  return Object.fromEntries(known.map((member) => [member, document[member]]))
}

function reads(kind: Kind, offered: Offered, document: Document): Document | undefined {
  const result = schemaOf(kind, offered).safeParse(document)
  if (!result.success) return undefined
  return withoutUndefined(kind.complete === undefined ? result.data : kind.complete(result.data, undefined))
}

// A member goes when the document reads the same without it: what is only a default is not worth a reader's time.
function withoutDefaults(kind: Kind, offered: Offered, document: Document): Document {
  const whole = reads(kind, offered, document)
  if (whole === undefined) return document
  let kept = document
  for (const member of Object.keys(document).slice(1)) {
    const { [member]: _, ...rest } = kept
    if (isDeepStrictEqual(reads(kind, offered, rest), whole)) kept = rest
  }
  return kept
}

/** A document as a file would declare it, and what it leaves out because it is a secret. */
interface Exported {
  readonly document: Document
  readonly omission: string | undefined
}

function exported(kind: Kind, offered: Offered, current: Current): Exported {
  return { document: { kind: kind.kind, ...withoutDefaults(kind, offered, inOrder(kind, withoutUndefined(current.document))) }, omission: kind.secret?.omission(current.document) }
}

// In the order of their ids, so that two exports can be compared.
async function exportKind(ctx: Context, kind: Kind, offered: Offered): Promise<readonly Exported[]> {
  const found = await kind.list(ctx.db)
  return found.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map((current) => exported(kind, offered, current))
}

async function exportAll(ctx: Context, offered: Offered, only: string | undefined): Promise<readonly Exported[]> {
  const lists: (readonly Exported[])[] = []
  for (const kind of kinds) if (only === undefined || kind.kind === only) lists.push(await exportKind(ctx, kind, offered))
  return lists.flat()
}

/** Everything (or one kind) as values. */
export async function exportDocuments(ctx: Context, offered: Offered, only?: string): Promise<readonly Document[]> {
  return (await exportAll(ctx, offered, only)).map(({ document }) => document)
}

function toYaml({ document, omission }: Exported): string {
  // Quoted where older readers of YAML would take a text for something else (a country `no`).
  return stringify(document, { compat: 'yaml-1.1', lineWidth: 0 }) + (omission === undefined ? '' : `# ${omission}\n`)
}

/** Everything (or one kind) as a file: applied to an empty database it gives the same export again. */
export async function exportYaml(ctx: Context, offered: Offered, only?: string): Promise<string> {
  return (await exportAll(ctx, offered, only)).map(toYaml).join('---\n')
}

/** One thing as a file; nothing when there is none. */
export async function exportOneYaml(ctx: Context, offered: Offered, name: Kind['kind'], id: string): Promise<string | undefined> {
  const kind = kindOf(name)
  const current = await findCurrent(ctx, kind, id)
  return current && toYaml(exported(kind, offered, current))
}
