import { type AlternativeNameKind, normalAlternativeName } from '../lib/certificate-names.ts'
import { normalNameOfText } from '../lib/distinguished-name.ts'

// Owns by which name in its certificate a client is known (RFC 8705 §2.1.2): one, of one kind.

export const certificateNameMembers = ['tls_client_auth_subject_dn', 'tls_client_auth_san_dns', 'tls_client_auth_san_uri', 'tls_client_auth_san_ip', 'tls_client_auth_san_email'] as const

type Member = (typeof certificateNameMembers)[number]
type Registration = { readonly [member in Member]?: string | undefined }

export interface RegisteredName {
  readonly kind: 'subject_dn' | AlternativeNameKind
  readonly name: string
}

const KINDS: Readonly<Record<Member, RegisteredName['kind']>> = {
  tls_client_auth_subject_dn: 'subject_dn',
  tls_client_auth_san_dns: 'dns',
  tls_client_auth_san_uri: 'uri',
  tls_client_auth_san_ip: 'ip',
  tls_client_auth_san_email: 'email',
}

/** Every name that a registration has; a sound one has one, or none. */
export function registeredNames(registration: Registration): readonly RegisteredName[] {
  return certificateNameMembers.flatMap((member) => {
    const name = registration[member]
    return name === undefined ? [] : [{ kind: KINDS[member], name }]
  })
}

/** What is wrong with the value of such a member; nothing when it can be compared. */
export function certificateNameFault(member: Member, name: string): string | undefined {
  const kind = KINDS[member]
  if (kind === 'subject_dn') return normalNameOfText(name) === undefined ? 'must be a distinguished name as RFC 4514 writes it, such as CN=api,O=Example,C=NO' : undefined
  return normalAlternativeName(kind, name) === undefined ? `must be one ${kind === 'ip' ? 'IP address' : kind} name, without wildcards` : undefined
}
