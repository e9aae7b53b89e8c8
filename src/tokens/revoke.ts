import type { Context } from '../context.ts'
import { verifyOwn } from '../keys/verify.ts'
import { readToken } from '../lib/opaque-token.ts'
import { ACCESS_TOKEN_TYPE } from '../protocol/names.ts'
import { revokeAccessToken } from './access-tokens.ts'
import { revokeByRefreshToken } from './grants.ts'

export type RevokedType = 'access_token' | 'refresh_token'

/** Revokes what a client presents, if it is a token of its own; a refresh token revokes its family. Says what was revoked, or nothing. */
export async function revokePresented(ctx: Context, clientKey: string, text: string): Promise<RevokedType | undefined> {
  const refresh = readToken('rt', text)
  if (refresh !== undefined) return (await revokeByRefreshToken(ctx, clientKey, refresh.id, refresh.hash)) ? 'refresh_token' : undefined
  const access = readToken('at', text)
  if (access !== undefined) return (await revokeAccessToken(ctx, clientKey, access.id, access.hash)) ? 'access_token' : undefined
  const jti = (await verifyOwn(ctx.keyring, text, ACCESS_TOKEN_TYPE, ctx.config.issuer))?.['jti']
  return typeof jti === 'string' && (await revokeAccessToken(ctx, clientKey, jti, undefined)) ? 'access_token' : undefined
}
