import { sameDigest, sha256 } from '../../lib/digest.ts'
import type { Context } from '../../context.ts'
import type { Client } from '../client.ts'
import { noteSecretUse } from '../secrets.ts'

/** Whether a secret is one of the client's live ones. Every hash is compared, in constant time. */
export function isSecretOf(client: Client, secret: string): boolean {
  const hash = sha256(secret)
  let same = false
  for (const known of client.secretHashes) same = sameDigest(hash, known) || same
  return same
}

/** Whether a client proves itself with a secret; then it is noted that this one is still in use. */
export function provesSecret(ctx: Context, client: Client, secret: string): boolean {
  const isGood = isSecretOf(client, secret)
  if (isGood) noteSecretUse(ctx, client.key, sha256(secret))
  return isGood
}
