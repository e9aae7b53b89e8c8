import { z } from 'zod'
import { createThing, removeThing, replaceThing } from '../declarations/change.ts'
import type { Document } from '../declarations/kind.ts'
import { findThing, kindOf, ownerOf } from '../declarations/thing.ts'
import type { Context } from '../context.ts'
import { can, type ObjectKind } from '../organizations/can.ts'
import { type Caller, requireRecentSignIn } from './caller.ts'
import { pageQuery, readCursor, toPage } from './cursor.ts'
import { mergePatch } from './merge-patch.ts'
import { type Answer, type Call, type ManagementScope, type Named, operation, type Operation, param } from './operation.ts'
import { anyDocument } from './read.ts'

// Owns the five operations that every kind of declared thing has: list, make, read, replace and patch, remove. Documents are those of the
// files, member for member; what may be said in them and by whom is judged where files are (declarations/).

export interface ListedThing {
  readonly id: string
  readonly document: Document
}

export interface Things {
  readonly kind: ObjectKind
  /** As in `/api/clients/{client_id}`. */
  readonly plural: string
  readonly idName: string
  /** As in `Client`, `listClients`. */
  readonly name: string
  readonly schema: z.ZodType
  /** The same with the secret that is told once. */
  readonly created?: z.ZodType
  readonly secretMember?: string
  readonly reads: ManagementScope
  readonly writes: ManagementScope
  readonly example: Document
  readonly patchExample: Document
  /** A page in the order of ids, one more than fits; left out, the kind's whole list is read. */
  readonly list?: (ctx: Context, caller: Caller, page: { readonly after: string | undefined; readonly limit: number }) => Promise<readonly ListedThing[]>
  readonly needsRecentSignIn?: true
}

async function listReadable({ kind }: Things, ctx: Context, { actor }: Caller, after: string | undefined): Promise<readonly ListedThing[]> {
  const declared = kindOf(kind)
  const all = await declared.list(ctx.db)
  return all.filter((one) => can(actor, 'read', { kind, owner: ownerOf(declared, one.document, one) }) && (after === undefined || one.id > after)).toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

/** A document may bring a secret for what there is already: that hands out power, whatever else it says. */
async function requireRecentForSecret({ ctx, caller }: Call, kind: ObjectKind, document: Document): Promise<void> {
  const member = kindOf(kind).secret?.member(document)
  if (member !== undefined && document[member] !== undefined) await requireRecentSignIn(ctx, caller)
}

function listing(name: string, schema: z.ZodType): Named {
  return { name: `${name}List`, schema: z.object({ items: z.array(schema), next_cursor: z.string().optional() }) }
}

/** The operations of a kind of thing. */
export function thingOperations(things: Things): readonly Operation[] {
  const { kind, plural, idName, name, schema, reads, writes, example, patchExample, secretMember, needsRecentSignIn } = things
  const collection = `/api/${plural}`
  const one = `${collection}/{${idName}}`
  const shown: Named = { name, schema }
  const told: Named = things.created === undefined ? shown : { name: `${name}WithSecret`, schema: things.created }
  const said: Named = secretMember === undefined ? shown : { name: `New${name}`, schema, secret: secretMember }
  const power = needsRecentSignIn === undefined ? {} : { needsRecentSignIn }
  const withSecret = ({ document, secret }: { readonly document: Document; readonly secret?: string | undefined }): Document => (secret === undefined || secretMember === undefined ? document : { ...document, [secretMember]: secret })
  const replace = async (call: Call, document: Document): Promise<Answer> => {
    await requireRecentForSecret(call, kind, document)
    const changed = await replaceThing(call.ctx, call.caller, kind, param(call, idName), document, { offered: call.offered, expected: call.expected })
    return { status: 200, body: withSecret(changed), version: changed.version }
  }
  return [
    operation({
      method: 'GET',
      path: collection,
      id: `list${name}s`,
      summary: `The ${plural} that the caller may read, in the order of their ids`,
      scope: reads,
      query: z.strictObject(pageQuery),
      answer: { status: 200, description: 'A page of them', schema: listing(name, schema) },
      run: async ({ ctx, caller, query: { cursor, limit } }) => {
        const after = readCursor(ctx, plural, cursor)
        const rows = await (things.list === undefined ? listReadable(things, ctx, caller, after) : things.list(ctx, caller, { after, limit: limit + 1 }))
        return { status: 200, body: toPage(ctx, plural, rows, limit, ({ id }) => id, ({ document }) => document) }
      },
    }),
    operation({
      method: 'POST',
      path: collection,
      id: `create${name}`,
      summary: `Makes one; a secret that is drawn for it is told once`,
      scope: writes,
      body: { reads: anyDocument, described: said, example },
      answer: { status: 201, description: 'It is made', schema: told, versioned: true },
      refusals: [409],
      ...power,
      run: async ({ ctx, caller, body, offered }) => {
        const created = await createThing(ctx, caller, kind, body, { offered })
        return { status: 201, body: withSecret(created), version: created.version, location: `${collection}/${encodeURIComponent(created.id)}` }
      },
    }),
    operation({
      method: 'GET',
      path: one,
      id: `read${name}`,
      summary: 'One of them, with its version',
      scope: reads,
      answer: { status: 200, description: 'Its document', schema: shown, versioned: true },
      refusals: [404],
      run: async (call) => {
        const { document, version } = await findThing(call.ctx, call.caller.actor, kind, param(call, idName))
        return { status: 200, body: document, version }
      },
    }),
    operation({
      method: 'PUT',
      path: one,
      id: `replace${name}`,
      summary: 'Makes it be what the document says, all of it',
      scope: writes,
      body: { reads: anyDocument, described: said, example },
      answer: { status: 200, description: 'Its document now', schema: told, versioned: true },
      refusals: [404],
      changes: true,
      ...power,
      run: (call) => replace(call, call.body),
    }),
    operation({
      method: 'PATCH',
      path: one,
      id: `change${name}`,
      summary: 'Changes some of its members (RFC 7396: null takes one away)',
      scope: writes,
      body: { reads: anyDocument, described: { name: `${name}Patch`, schema: z.record(z.string(), z.unknown()) }, example: patchExample, mediaType: 'application/merge-patch+json' },
      answer: { status: 200, description: 'Its document now', schema: told, versioned: true },
      refusals: [404],
      changes: true,
      ...power,
      run: async (call) => {
        const { document } = await findThing(call.ctx, call.caller.actor, kind, param(call, idName))
        return replace(call, mergePatch(document, call.body))
      },
    }),
    operation({
      method: 'DELETE',
      path: one,
      id: `remove${name}`,
      summary: 'Removes it for good, unless something names it',
      scope: writes,
      answer: { status: 204, description: 'It is gone' },
      refusals: [404, 409],
      changes: true,
      ...power,
      run: async (call) => {
        await removeThing(call.ctx, call.caller, kind, param(call, idName), { expected: call.expected })
        return { status: 204 }
      },
    }),
  ]
}
