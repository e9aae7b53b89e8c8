import { clientSecretBasic } from './client-secret-basic.ts'
import { clientSigningAlgorithms } from '../json-web-keys.ts'
import { clientSecretJwt, secretAlgorithms } from './client-secret-jwt.ts'
import { clientSecretPost } from './client-secret-post.ts'
import type { ClientAuthenticationMethod } from './method.ts'
import { none } from './none.ts'
import { privateKeyJwt } from './private-key-jwt.ts'
import { selfSignedTlsClientAuth } from './self-signed-tls-client-auth.ts'
import { tlsClientAuth } from './tls-client-auth.ts'

/** The algorithms of the methods with a JWT (RFC 8414 §2). */
export const assertionAlgorithms: readonly string[] = [...clientSigningAlgorithms, ...secretAlgorithms]

export const clientAuthenticationMethods: readonly ClientAuthenticationMethod[] = [clientSecretBasic, clientSecretPost, clientSecretJwt, privateKeyJwt, tlsClientAuth, selfSignedTlsClientAuth, none]
