import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { isFit } from '../lib/fit-text.ts'
import { invalidRequest } from './error.ts'

const wish = z.union([z.null(), z.looseObject({ essential: z.boolean().optional(), value: z.unknown().optional(), values: z.array(z.unknown()).optional() })])
const wishes = z.record(z.string().max(200), wish)

/** The `claims` parameter (OpenID Connect Core §5.5). */
export const claimsRequestSchema = z.looseObject({ userinfo: wishes.optional(), id_token: wishes.optional() })
export type ClaimsRequest = z.output<typeof claimsRequestSchema>

export function parseClaimsRequest(text: string | undefined): ClaimsRequest {
  if (text === undefined) return {}
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw invalidRequest('The claims parameter is not JSON', { parameter: 'claims' })
  }
  const result = claimsRequestSchema.safeParse(json)
  if (!result.success || !isFit(result.data)) throw invalidRequest('The claims parameter is not a claims request', { parameter: 'claims' })
  return { ...(result.data.userinfo && { userinfo: result.data.userinfo }), ...(result.data.id_token && { id_token: result.data.id_token }) }
}

type Wish = z.output<typeof wish>

function wishedValues(one: Wish | undefined): readonly unknown[] | undefined {
  if (one === undefined || one === null) return undefined
  return one.values ?? (one.value === undefined ? undefined : [one.value])
}

/** Whether a value is one that was asked for (Core §5.5.1): without `value` and `values` any is. */
export function isWished(one: Wish | undefined, value: unknown): boolean {
  return wishedValues(one)?.some((other) => isDeepStrictEqual(other, value)) ?? true
}

/** The people of whom one must sign in, by the names that the client knows them by (Core §5.5.1: `sub` with a value). */
export function wishedSubjects(claims: ClaimsRequest): readonly string[] | undefined {
  const wanted = [claims.id_token?.['sub'], claims.userinfo?.['sub']].map(wishedValues).filter((values) => values !== undefined)
  const [first, second] = wanted
  if (first === undefined) return undefined
  return first.filter((sub) => typeof sub === 'string').filter((sub) => second === undefined || second.includes(sub))
}

/** The acr values that must be met: those asked as essential in the id token (Core §5.5.1.1). */
export function essentialAcr(claims: ClaimsRequest): readonly string[] | undefined {
  const acr = claims.id_token?.['acr']
  if (acr === undefined || acr === null || acr.essential !== true) return undefined
  const values = acr.values ?? (acr.value === undefined ? [] : [acr.value])
  return values.filter((value) => typeof value === 'string')
}
