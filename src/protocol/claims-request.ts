import { z } from 'zod'
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
  if (!result.success) throw invalidRequest('The claims parameter is not a claims request', { parameter: 'claims' })
  return { ...(result.data.userinfo && { userinfo: result.data.userinfo }), ...(result.data.id_token && { id_token: result.data.id_token }) }
}

/** The acr values that must be met: those asked as essential in the id token (Core §5.5.1.1). */
export function essentialAcr(claims: ClaimsRequest): readonly string[] | undefined {
  const acr = claims.id_token?.['acr']
  if (acr === undefined || acr === null || acr.essential !== true) return undefined
  const values = acr.values ?? (acr.value === undefined ? [] : [acr.value])
  return values.filter((value) => typeof value === 'string')
}
