import type { Api } from '../apis/api.ts'
import type { Client } from '../clients/client.ts'
import type { ClientMetadata } from '../clients/metadata.ts'
import type { Context } from '../context.ts'
import { type Changed, createThing, removeThing, replaceThing } from '../declarations/change.ts'
import { toCurrent } from '../declarations/client.ts'
import { type Current, type Kind, withoutUndefined } from '../declarations/kind.ts'
import { type ChangeFault, ChangeRefused } from '../declarations/refused.ts'
import { kindOf, toThing } from '../declarations/thing.ts'
import { offered } from '../endpoints/offered.ts'
import { notFound } from '../account/not-found.ts'
import { accessDenied, invalidRequest } from '../protocol/error.ts'
import type { Desk } from './section.ts'

// How the pages make and change things: by the same functions as the API, with their refusals as the pages show them.

type Members = Readonly<Record<string, unknown>>

/** Who changes something on these pages. */
export function changer({ actor }: Desk): { readonly actor: Desk['actor']; readonly personId: string; readonly through: 'dashboard' } {
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

/** For a change that can only be wrong because of what was there before. Throws 409. */
export function requireNone(faults: readonly ChangeFault[]): void {
  if (faults.length > 0) throw invalidRequest('What is there already does not allow this change', { status: 409, detail: faults.map(({ message }) => message).join('; '), trace: { cause: 'registration.metadata' } })
}

/** Makes a thing. Throws ChangeRefused. */
export function create(ctx: Context, desk: Desk, kind: Kind['kind'], said: Members): Promise<Changed> {
  return createThing(ctx, changer(desk), kind, said, { offered })
}

/**
 * Changes members of a thing (`undefined` leaves one out), by the rules that hold for files. Returns what is wrong; then nothing is changed.
 * Throws 409 when it is not as it was read any more: the other members would be put back.
 */
function change(ctx: Context, desk: Desk, name: Kind['kind'], current: Current, members: Members): Promise<readonly ChangeFault[]> {
  return faultsOfChange(() => replaceThing(ctx, changer(desk), name, current.id, withoutUndefined({ ...current.document, ...members }), { offered, expected: toThing(kindOf(name), current).version }))
}

export function changeClient(ctx: Context, desk: Desk, client: Client, members: { readonly [K in keyof ClientMetadata]?: ClientMetadata[K] | undefined }): Promise<readonly ChangeFault[]> {
  return change(ctx, desk, 'client', toCurrent(client), members)
}

export function changeApi(ctx: Context, desk: Desk, api: Api, members: Members): Promise<readonly ChangeFault[]> {
  return change(ctx, desk, 'api', { id: api.api_id, document: { ...api }, declared: false }, members)
}

/** Deletes a thing with everything that rests on it. */
export async function remove(ctx: Context, desk: Desk, kind: Kind['kind'], id: string): Promise<void> {
  await faultsOfChange(() => removeThing(ctx, changer(desk), kind, id, {}))
}
