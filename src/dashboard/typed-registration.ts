import { applicationTypes } from '../clients/metadata.ts'
import type { Document } from '../declarations/kind.ts'
import type { FieldFault } from '../http/dashboard-views.ts'
import { can, type Owner } from '../organizations/can.ts'
import type { Form } from '../protocol/form.ts'
import { ownerName, ownersOf } from './acting-for.ts'
import { rulesOf } from './application-kinds.ts'
import type { Desk } from './section.ts'
import { addressFault } from './typed-address.ts'

// Owns what the four fields of a registration say: what is wrong with them, and the registration that they make.

const LONGEST_NAME = 200

export interface Typed {
  /** Drawn by us with the page. */
  readonly clientId: string
  readonly name: string
  readonly kind: string
  readonly address: string
  readonly owner: string
  /** Plain http to another machine, with the warning that everybody sees. */
  readonly accepted: boolean
}

export function readTyped({ single }: Form): Typed {
  const text = (name: string): string => (single.get(name) ?? '').trim()
  return { clientId: text('client'), name: text('name'), kind: text('kind'), address: text('address'), owner: text('owner'), accepted: single.get('insecure') === '1' }
}

/** Those for whom somebody may register. */
export function possibleOwners({ actor }: Desk): readonly Owner[] {
  return ownersOf(actor).filter((owner) => can(actor, 'create', { kind: 'client', owner }))
}

function kindOf(typed: Typed): (typeof applicationTypes)[number] | undefined {
  return applicationTypes.find((kind) => kind === typed.kind)
}

/** What is wrong, in the order of the fields. */
export function faultsOf(desk: Desk, typed: Typed): readonly FieldFault[] {
  const kind = kindOf(typed)
  const wrong = kind !== undefined && rulesOf(kind).returns ? addressFault(typed.address, { native: kind === 'native', insecure: typed.accepted }) : undefined
  return [
    ...(typed.name === '' ? [{ field: 'name', fault: 'empty' }] : typed.name.length > LONGEST_NAME ? [{ field: 'name', fault: 'long' }] : []),
    ...(kind === undefined ? [{ field: 'kind', fault: 'empty' }] : []),
    ...(wrong === undefined ? [] : [{ field: 'address', ...wrong }]),
    ...(possibleOwners(desk).some((owner) => ownerName(owner) === typed.owner) ? [] : [{ field: 'owner', fault: 'empty' }]),
  ]
}

export function isInsecure({ address }: Typed): boolean {
  return addressFault(address, { native: false, insecure: false })?.fault === 'insecure'
}

/** The registration that was typed. */
export function registrationOf(typed: Typed, owner: Owner): Document {
  const kind = kindOf(typed) ?? 'web'
  const { returns, grants, scope } = rulesOf(kind)
  return {
    client_id: typed.clientId,
    client_name: typed.name,
    application_type: kind,
    grant_types: grants,
    scope,
    ...(returns ? { redirect_uris: [typed.address], allowed_origins: kind === 'spa' ? [new URL(typed.address).origin] : [] } : {}),
    ...(owner.organization === undefined ? {} : { organization: owner.organization }),
    // Plain http is for development, and never goes unseen (security.md rule 10).
    ...(returns && isInsecure(typed) ? { status: 'development', compatibility: ['plain_http_redirect'] } : {}),
  }
}
