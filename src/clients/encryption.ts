import { CompactEncrypt, importJWK, type JWK } from 'jose'
import type { Context } from '../context.ts'
import { invalidRequest, type OAuthError } from '../protocol/error.ts'
import type { Client } from './client.ts'
import { encryptionKeyOf } from './keys.ts'
import { type EncryptedResponse, registeredEncryption } from './response-encryption.ts'

// Owns what is encrypted for a client to read alone (RFC 7516, OpenID Connect Core §10.2): always with a key that the client published, never
// with a secret. A client whose keys are of no use gets a refusal of its own; nobody else notices.

// The answer that was asked for stays unsent: in clear it would break the word that the client was given when it registered.
function unreadable(alg: string, fault: string): OAuthError {
  return invalidRequest(`The answer cannot be encrypted: the client publishes no usable key for ${alg}`, { detail: `client.encryption_key: ${fault}`, trace: { cause: 'registration.metadata', hints: [{ name: 'parameter', values: { parameter: 'jwks' } }] } })
}

/** Whether this kind of answer is encrypted for a client. */
export function isEncrypted({ metadata }: Pick<Client, 'metadata'>, response: EncryptedResponse): boolean {
  return registeredEncryption(metadata, response) !== undefined
}

/**
 * A text as this client gets it: encrypted where it registered so, as it is otherwise. `isJwt`: the text is a signed JWT, which the header
 * says (RFC 7519 §5.2). Throws `invalid_request` when the client has no key that it could read it with.
 */
export async function encryptFor(ctx: Context, client: Pick<Client, 'metadata'>, response: EncryptedResponse, text: string, isJwt = true): Promise<string> {
  const registered = registeredEncryption(client.metadata, response)
  if (registered === undefined) return text
  const { alg, enc } = registered
  const jwk = await encryptionKeyOf(ctx, client, alg)
  if (jwk === undefined) throw unreadable(alg, 'none')
  const { kid } = jwk
  try {
    const { use: _use, key_ops: _operations, ...key } = jwk
    const recipient = await importJWK({ ...key, alg } as JWK, alg)
    return await new CompactEncrypt(Buffer.from(text)).setProtectedHeader({ alg, enc, ...(kid === undefined ? {} : { kid }), ...(isJwt ? { cty: 'JWT' } : {}) }).encrypt(recipient)
  } catch (error) {
    // Whatever is wrong with the key, it is the client's doing.
    throw unreadable(alg, error instanceof Error ? error.name : 'key')
  }
}
