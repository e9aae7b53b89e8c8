import type { applicationTypes } from '../clients/metadata.ts'

// Owns what follows from the kind of an application: the first question, and the only one that most developers need to answer (P-01).

export type ApplicationKind = (typeof applicationTypes)[number]

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'
const PEOPLE = 'openid profile email'

interface KindRules {
  /** People come back to it in a browser. */
  readonly returns: boolean
  readonly grants: readonly string[]
  readonly scope: string
}

const kinds: Readonly<Record<ApplicationKind, KindRules>> = {
  web: { returns: true, grants: ['authorization_code', 'refresh_token'], scope: PEOPLE },
  spa: { returns: true, grants: ['authorization_code', 'refresh_token'], scope: PEOPLE },
  native: { returns: true, grants: ['authorization_code', 'refresh_token'], scope: PEOPLE },
  service: { returns: false, grants: ['client_credentials'], scope: 'openid' },
  device: { returns: false, grants: [DEVICE_CODE, 'refresh_token'], scope: PEOPLE },
}

export function rulesOf(kind: ApplicationKind): KindRules {
  return kinds[kind]
}
