import { sameDigest, sha256 } from '../../lib/digest.ts'
import type { Client } from '../client.ts'

/** Whether a secret is one of the client's live ones. Every hash is compared, in constant time. */
export function isSecretOf(client: Client, secret: string): boolean {
  const hash = sha256(secret)
  let same = false
  for (const known of client.secretHashes) same = sameDigest(hash, known) || same
  return same
}
