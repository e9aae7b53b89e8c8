import type { Organization } from './organization.ts'

// Owns how an organization stands to a client that its people want to use: one word for it. Pure; who asks knows the client and the person.

/**
 * `mandatory`: used without a question. `approved`: there is an agreement, or it is the organization's own. `none`: there is no agreement,
 * and none is needed. The others may not be used: `blocked` by name, `unapproved` where only agreed ones may, `too-young` for this person.
 */
export type ClientStanding = 'mandatory' | 'approved' | 'none' | 'blocked' | 'unapproved' | 'too-young'

export interface AskedClient {
  readonly clientId: string
  /** The organization that runs it. */
  readonly owner: string | undefined
}

export interface AskingPerson {
  /** `YYYY` or `YYYY-MM-DD` (OpenID Connect Core §5.1). */
  readonly birthdate: string | undefined
  /** Seconds since the epoch. */
  readonly now: number
}

/** Whether a person may be younger than so many years. A year alone counts as its last day; an unknown year as old enough. */
function isBelow(years: number, { birthdate, now }: AskingPerson): boolean {
  const [year = '', rest = '12-31'] = [birthdate?.slice(0, 4), birthdate?.slice(5) === '' ? undefined : birthdate?.slice(5)]
  if (year === '' || year === '0000') return false
  const today = new Date(now * 1000).toISOString().slice(0, 10)
  return today < `${String(Number(year) + years).padStart(4, '0')}-${rest}`
}

/** How an organization stands to a client that one of its people wants to use. */
export function clientStanding(organization: Organization, { clientId, owner }: AskedClient, person: AskingPerson): ClientStanding {
  const { mandatory_clients, approved_clients = [], blocked_clients = [], other_clients, mandatory_clients_only_below: age } = organization
  if (blocked_clients.includes(clientId)) return 'blocked'
  if (mandatory_clients.includes(clientId)) return 'mandatory'
  if (age !== undefined && isBelow(age, person)) return 'too-young'
  if (approved_clients.includes(clientId) || owner === organization.organization_id) return 'approved'
  return other_clients === 'blocked' ? 'unapproved' : 'none'
}

export function mayBeUsed(standing: ClientStanding): boolean {
  return standing === 'mandatory' || standing === 'approved' || standing === 'none'
}
