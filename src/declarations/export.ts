import { isDeepStrictEqual } from 'node:util'
import { stringify } from 'yaml'
import type { Offered } from '../clients/metadata.ts'
import type { Context } from '../context.ts'
import { kinds } from './index.ts'
import { type Document, type Kind, withoutUndefined } from './kind.ts'

// Owns the way back: what the database has, as the files that would make it. Never a secret.

function inOrder(kind: Kind, document: Document): Document {
  const known = kind.members.filter((member) => document[member] !== undefined)
  return Object.fromEntries(known.map((member) => [member, document[member]]))
}

function reads(kind: Kind, offered: Offered, document: Document): Document | undefined {
  const result = kind.schema(offered).safeParse(document)
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

/** The documents of a kind as files would declare them, in the order of their ids. */
async function documentsOf(ctx: Context, kind: Kind, offered: Offered): Promise<readonly Document[]> {
  const found = await kind.list(ctx.db)
  return found.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map((current) => ({ kind: kind.kind, ...withoutDefaults(kind, offered, inOrder(kind, withoutUndefined(current.document))) }))
}

/** Everything (or one kind) as values. */
export async function exportDocuments(ctx: Context, offered: Offered, only?: string): Promise<readonly Document[]> {
  const lists: (readonly Document[])[] = []
  for (const kind of kinds) if (only === undefined || kind.kind === only) lists.push(await documentsOf(ctx, kind, offered))
  return lists.flat()
}

function toYaml(document: Document): string {
  const kind = kinds.find((candidate) => candidate.kind === document['kind'])
  const omission = kind?.secret?.omission(document)
  // Quoted where older readers of YAML would take a text for something else (a country `no`).
  return stringify(document, { compat: 'yaml-1.1', lineWidth: 0 }) + (omission === undefined ? '' : `# ${omission}\n`)
}

/** Everything (or one kind) as a file: applied to an empty database it gives the same export again. */
export async function exportYaml(ctx: Context, offered: Offered, only?: string): Promise<string> {
  return (await exportDocuments(ctx, offered, only)).map(toYaml).join('---\n')
}
