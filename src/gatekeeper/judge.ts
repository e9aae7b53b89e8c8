import type { Api } from '../apis/api.ts'
import { useConsent } from '../consents/objects.ts'
import type { Context } from '../context.ts'
import type { PresentedProof } from '../http/proof.ts'
import { readAuthorization, requireLiveToken, tokenChallenge } from '../tokens/presented-token.ts'
import { admit, type Caller } from './admit.ts'

export interface Presented {
  readonly method: string
  readonly authorization: string | undefined
  /** Read for bound tokens only. */
  readonly proof: () => PresentedProof
}

/** As whom a call reaches an API: the token's liveness and holder, asked now, and then the decision. Throws the challenge. */
export async function judge(ctx: Context, api: Api, { method, authorization, proof }: Presented): Promise<Caller> {
  const token = authorization === undefined ? undefined : await requireLiveToken(ctx, readAuthorization(authorization), proof)
  const admission = admit(ctx.config, api, { method, token })
  if (!admission.admitted) throw admission.refusal
  return admission.caller
}

/**
 * Counts the use of a consent that has an end, as introspection does; for the last moment before the API is asked. Throws `invalid_token` when
 * somebody was quicker to use what was for one use, or it was taken back. True when that was the last use there is.
 */
export async function spendConsent(ctx: Context, caller: Caller): Promise<boolean> {
  const consent = caller.is === 'nobody' ? undefined : caller.token.person?.details.consent
  if (consent?.until === undefined) return false
  const used = await useConsent(ctx, consent.id)
  if (used !== undefined) return used.singleUse
  throw tokenChallenge('Bearer', 401, 'invalid_token', 'The consent has been used', undefined, { cause: 'token.revoked', ...(caller.is === 'nobody' ? {} : { clientId: caller.token.clientId }) })
}
