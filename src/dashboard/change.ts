import type { Client } from '../clients/client.ts'
import type { ClientMetadata } from '../clients/metadata.ts'
import type { Context } from '../context.ts'
import { type Changed, createThing, removeThing, replaceThing } from '../declarations/change.ts'
import type { Kind } from '../declarations/kind.ts'
import { type ChangeFault, ChangeRefused } from '../declarations/refused.ts'
import { offered } from '../endpoints/offered.ts'
import { notFound } from '../account/not-found.ts'
import { accessDenied, invalidRequest } from '../protocol/error.ts'
import type { Desk } from './section.ts'

// How the pages make and change things: by the same functions as the API, with their refusals as the pages show them.

type Members = Readonly<Record<string, unknown>>

function changer({ actor }: Desk): { readonly actor: Desk['actor']; readonly personId: string; readonly through: 'dashboard' } {
  return { actor, personId: actor.userId, through: 'dashboard' }
}

/** The faults of what was said; anything else that a change is refused for is thrown as pages tell it. */
export async function faultsOfChange(change: () => Promise<unknown>): Promise<readonly ChangeFault[]> {
  try {
    await change()
    return []
  } catch (error) {
    if (!(error instanceof ChangeRefused)) throw error
    if (error.refusal === 'invalid') return error.faults
    if (error.refusal === 'not_found') throw notFound()
    if (error.refusal === 'forbidden') throw accessDenied('Your role does not allow this', { status: 403, detail: 'dashboard.change' })
    throw invalidRequest(error.refusal === 'in_use' ? 'Something else names it' : 'Somebody else has changed it meanwhile', { status: 409, detail: error.refusal, trace: { cause: 'registration.metadata' } })
  }
}

/** Makes a thing. Throws ChangeRefused. */
export function create(ctx: Context, desk: Desk, kind: Kind['kind'], said: Members): Promise<Changed> {
  return createThing(ctx, changer(desk), kind, said, { offered })
}

function withoutUndefined(said: Members): Members {
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined))
}

/** Changes members of a thing (`undefined` leaves one out), by the rules that hold for files. Returns what is wrong; then nothing is changed. */
export function change(ctx: Context, desk: Desk, kind: Kind['kind'], id: string, document: object, members: Members): Promise<readonly ChangeFault[]> {
  return faultsOfChange(() => replaceThing(ctx, changer(desk), kind, id, withoutUndefined({ ...document, ...members }), { offered }))
}

export function changeClient(ctx: Context, desk: Desk, { clientId, metadata }: Client, members: { readonly [K in keyof ClientMetadata]?: ClientMetadata[K] | undefined }): Promise<readonly ChangeFault[]> {
  return change(ctx, desk, 'client', clientId, { ...metadata, client_id: clientId }, members)
}

/** Deletes a thing with everything that rests on it. */
export async function remove(ctx: Context, desk: Desk, kind: Kind['kind'], id: string): Promise<void> {
  await faultsOfChange(() => removeThing(ctx, changer(desk), kind, id, {}))
}
