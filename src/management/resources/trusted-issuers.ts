import { kindOf } from '../../declarations/thing.ts'
import type { Resource } from '../operation.ts'
import { thingOperations } from '../things.ts'

/** Parties whose signed word counts here: for people, for applications, or for what applications say of themselves. */
export const trustedIssuers: Resource = (offered) =>
  thingOperations({
    kind: 'trusted_issuer',
    plural: 'trusted-issuers',
    idName: 'issuer',
    name: 'TrustedIssuer',
    schema: kindOf('trusted_issuer').schema(offered),
    reads: 'portner.trusted_issuers.read',
    writes: 'portner.trusted_issuers.write',
    example: { issuer: 'https://workloads.example.org', accepts: ['authorization_grants'], jwks_uri: 'https://workloads.example.org/jwks' },
    patchExample: { jwks_uri: 'https://workloads.example.org/keys' },
    // Whoever it vouches for gets tokens of ours.
    needsRecentSignIn: true,
  })
