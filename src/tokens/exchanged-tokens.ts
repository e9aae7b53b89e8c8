import type { Context } from '../context.ts'
import { clientIsLive } from '../clients/store.ts'
import { userIsLive } from '../users/store.ts'
import { insertTokenOf, joinLiveAccessToken } from './access-tokens.ts'
import type { Actor } from './authorization.ts'
import { GRANT_IS_LIVE, joinGrant } from './grants.ts'

// Tokens made out of tokens (RFC 8693). They rest on the same grant: whatever ends the first one's grant ends them.

export interface ExchangedToken {
  readonly subjectTokenId: string
  readonly id: string
  readonly hash: Buffer
  readonly clientKey: string
  readonly scopes: readonly string[]
  readonly audience: string | null
  /** Seconds; it never outlives the token that it was made of. */
  readonly lifetime: number
  readonly confirmation: string | null
  readonly actor: Actor | undefined
  /** The API whose scope all of its scopes hang on: it was exchanged by that API, for what people were told that it receives. */
  readonly via?: string | undefined
}

const MINT = {
  name: 'mint-exchanged-token',
  text: insertTokenOf(
    ['$2::uuid', '$3::bytea', '$4::bigint', '$5::text', '$6::text', '$7::int', '$8::text', '$9::jsonb', '$10::text'],
    `(select $1::uuid as token_id) item ${joinLiveAccessToken('item.token_id')} ${joinGrant('a.grant_id')}`,
    `${GRANT_IS_LIVE} and ${userIsLive('g.user_id')} and ${clientIsLive('a.client_key')} and ${clientIsLive('$4::bigint')}`,
  ),
}

/** Keeps a token that stands on another live one. Returns its lifetime in seconds, or nothing when that one is not live any more. */
export async function mintExchangedToken(ctx: Context, token: ExchangedToken): Promise<number | undefined> {
  const { subjectTokenId, id, hash, clientKey, scopes, audience, lifetime, confirmation, actor, via } = token
  const [row] = await ctx.hot(MINT, [subjectTokenId, id, hash, clientKey, scopes.join(' '), audience, lifetime, confirmation, actor === undefined ? null : JSON.stringify(actor), via ?? null])
  return row === undefined ? undefined : Number(row[0])
}
