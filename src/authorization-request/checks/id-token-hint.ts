import { hintedUserId } from '../../clients/sector.ts'
import { verifyOwn } from '../../keys/verify.ts'
import { invalidRequest } from '../../protocol/error.ts'
import { ID_TOKEN_TYPE } from '../../protocol/names.ts'
import { type Check, learn } from './check.ts'

/** An id token that we signed, expired or not, says whom the client expects (Core §3.1.2.1). One that we did not sign is no hint. */
export const checkIdTokenHint: Check = async (draft, ctx) => {
  const hint = draft.form.single.get('id_token_hint')
  if (hint === undefined) return draft
  const claims = await verifyOwn(ctx.keyring, hint, ID_TOKEN_TYPE, ctx.config.issuer)
  const sub = claims && (await hintedUserId(ctx, claims))
  if (claims === undefined || sub === undefined) throw invalidRequest('The id_token_hint is not an id token of this server', { parameter: 'id_token_hint' })
  return learn(draft, { hint: { sub, ...(typeof claims['sid'] === 'string' && { sid: claims['sid'] }) } })
}
