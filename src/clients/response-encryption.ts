import { createPublicKey, type JsonWebKey } from 'node:crypto'
import type { JsonWebKeySet, PublicJwk } from './json-web-keys.ts'

// Owns what a registration may say of encryption: for which answers, by which algorithms (RFC 7518 §4.1, §5.1), and with which of its keys.
// RSAES-PKCS1-v1_5 is none of them: whoever decrypts it becomes an oracle (RFC 8725 §3.2).

export const encryptedResponses = ['id_token', 'userinfo', 'introspection', 'authorization'] as const
export type EncryptedResponse = (typeof encryptedResponses)[number]

const ON_CURVE = ({ kty, crv }: PublicJwk): boolean => (kty === 'EC' && ['P-256', 'P-384', 'P-521'].includes(crv ?? '')) || (kty === 'OKP' && crv === 'X25519')

const KIND: Readonly<Record<string, (jwk: PublicJwk) => boolean>> = {
  'RSA-OAEP-256': ({ kty }) => kty === 'RSA',
  'ECDH-ES': ON_CURVE,
  'ECDH-ES+A128KW': ON_CURVE,
  'ECDH-ES+A256KW': ON_CURVE,
}

export const encryptionAlgorithms: readonly string[] = Object.keys(KIND)
/** The first one where a client names none (OpenID Connect Registration §2). */
export const contentEncryptions = ['A128CBC-HS256', 'A128GCM', 'A256GCM'] as const

function isKey(jwk: PublicJwk): boolean {
  try {
    createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
    return true
  } catch {
    return false
  }
}

/** Whether something can be encrypted for the holder of a key. */
export function fitsEncryption(jwk: PublicJwk, alg: string): boolean {
  return (jwk.use === undefined || jwk.use === 'enc') && (jwk.alg === undefined || jwk.alg === alg) && KIND[alg]?.(jwk) === true && isKey(jwk)
}

type Registered = { readonly [K in `${EncryptedResponse}_encrypted_response_${'alg' | 'enc'}`]?: string | undefined } & { readonly jwks?: JsonWebKeySet | undefined; readonly jwks_uri?: string | undefined }

/** How a kind of answer is encrypted for a client; nothing when it is not. */
export function registeredEncryption(client: Registered, response: EncryptedResponse): { readonly alg: string; readonly enc: string } | undefined {
  const alg = client[`${response}_encrypted_response_alg`]
  return alg === undefined ? undefined : { alg, enc: client[`${response}_encrypted_response_enc`] ?? contentEncryptions[0] }
}

/** What is wrong with what a client says of encryption: the member and the rest of a sentence. Keys at an address are looked at when they are needed. */
export function encryptionFaults(client: Registered): readonly { readonly member: string; readonly message: string }[] {
  return encryptedResponses.flatMap((response) => {
    const registered = registeredEncryption(client, response)
    const member = `${response}_encrypted_response_alg`
    if (registered === undefined) return client[`${response}_encrypted_response_enc`] === undefined ? [] : [{ member: `${response}_encrypted_response_enc`, message: `needs ${member} beside it` }]
    if (client.jwks === undefined && client.jwks_uri === undefined) return [{ member, message: 'needs the public key to encrypt with: jwks or jwks_uri' }]
    if (client.jwks !== undefined && !client.jwks.keys.some((key) => fitsEncryption(key, registered.alg))) return [{ member, message: `needs a key in jwks that ${registered.alg} can be used with` }]
    return []
  })
}
