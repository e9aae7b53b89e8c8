import { type Api, ownScopes } from '../apis/api.ts'
import type { Context } from '../context.ts'
import { groupsClaim } from '../groups/ask.ts'
import { principalNamesOf } from '../groups/principal-names.ts'
import { tokenForApi } from '../tokens/api-token.ts'
import type { PersonAuthorization } from '../tokens/authorization.ts'
import { personTold } from '../tokens/person-told.ts'
import type { Caller } from './admit.ts'

// Owns the headers that tell an upstream who calls (product.md §1.2). `Userid` is there only with a person behind the call, and never rests on
// its absence alone: `Subject-Type` says which it is.

/** A value of a header as others wrote it: what is not plain in it is percent-encoded, so that it can neither end the header nor the list. */
export function plainValue(text: string): string {
  const wellFormed = Buffer.from(text).toString()
  return wellFormed.replaceAll(/[^A-Za-z0-9\-._~:/@+=]/gu, (one) => [...Buffer.from(one)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''))
}

function listValue(values: readonly string[]): string {
  return values.map(plainValue).join(',')
}

/** What institutions call the person. National ids and the like are kept as hashes only, and nobody gets them. */
async function namesOf(ctx: Context, { subject: { userId } }: PersonAuthorization): Promise<readonly string[]> {
  return (await principalNamesOf(ctx, [userId])).get(userId) ?? []
}

/** The headers, without the prefix of their names. */
export async function identityHeaders(ctx: Context, api: Api, caller: Caller): Promise<ReadonlyMap<string, string>> {
  const headers = new Map([['Gatekeeper', api.api_id]])
  if (caller.is === 'nobody') return headers
  const { clientId, scopes, person } = caller.token
  headers.set('Clientid', plainValue(clientId)).set('Scopes', listValue(ownScopes(api, scopes))).set('Subject-Type', caller.is)
  const token = api.token === true ? await tokenForApi(ctx, api, caller.token) : undefined
  if (token !== undefined) headers.set('Token', token)
  if (person === undefined) return headers
  const receives = api.receives ?? []
  headers.set('Acr', plainValue(person.details.acr ?? ''))
  if (receives.includes('userid')) headers.set('Userid', plainValue(personTold(ctx, person).userId)).set('Userid-sec', receives.includes('userid-feide') ? listValue(await namesOf(ctx, person)) : '')
  if (receives.includes('groups')) headers.set('Groups', listValue(await groupsClaim(ctx, person.subject.userId)))
  return headers
}

/** All names that we may set, for whoever has to take them away first. */
export const identityNames = ['Gatekeeper', 'Clientid', 'Userid', 'Userid-sec', 'Scopes', 'Acr', 'Subject-Type', 'Groups', 'Token'] as const
