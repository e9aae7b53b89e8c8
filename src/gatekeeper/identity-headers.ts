import { type Api, ownScopes } from '../apis/api.ts'
import type { Context } from '../context.ts'
import { tokenForApi } from '../tokens/api-token.ts'
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

/** The headers, without the prefix of their names. */
export async function identityHeaders(ctx: Context, api: Api, caller: Caller): Promise<ReadonlyMap<string, string>> {
  const headers = new Map([['Gatekeeper', api.api_id]])
  if (caller.is === 'nobody') return headers
  const { clientId, scopes, person } = caller.token
  headers.set('Clientid', plainValue(clientId)).set('Scopes', listValue(ownScopes(api, scopes))).set('Subject-Type', caller.is)
  const token = api.token === true ? await tokenForApi(ctx, api, caller.token) : undefined
  if (token !== undefined) headers.set('Token', token)
  if (person === undefined) return headers
  const { userId, groups } = personTold(ctx, person)
  const receives = api.receives ?? []
  headers.set('Acr', plainValue(person.details.acr ?? ''))
  // Other ids of people are kept as hashes only: the list is there for who reads it, and empty.
  if (receives.includes('userid')) headers.set('Userid', plainValue(userId)).set('Userid-sec', '')
  if (receives.includes('groups')) headers.set('Groups', listValue(groups))
  return headers
}

/** All names that we may set, for whoever has to take them away first. */
export const identityNames = ['Gatekeeper', 'Clientid', 'Userid', 'Userid-sec', 'Scopes', 'Acr', 'Subject-Type', 'Groups', 'Token'] as const
