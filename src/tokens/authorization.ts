import type { Bearer } from '../apis/approved-scopes.ts'
import type { Api } from '../apis/api.ts'
import type { AuthorizationDetail } from '../protocol/authorization-details.ts'
import type { ClaimsRequest } from '../protocol/claims-request.ts'
import type { GrantAction } from '../protocol/grant-management.ts'
import type { Subject } from '../users/claims.ts'

/** The grant that its client manages, as a code and what came from it name it (users/managed-grants.ts). */
export interface ManagedPart {
  readonly id: string
  readonly change: GrantAction['change']
  readonly resources: readonly string[]
}

/** What a sign-in established and a client asked, kept with the code and the grant: carried on, never looked up again. */
export interface AuthorizationDetails {
  readonly nonce?: string
  readonly claims?: ClaimsRequest
  readonly acr?: string
  readonly amr?: readonly string[]
  /** Where the person belonged when they signed in (signin/realms.ts), where an organization decides what the client may have. */
  readonly realms?: readonly string[]
  /** The sector that the person is called for (clients/sector.ts); absent where they are called by their own id. */
  readonly sector?: string
  /** What the person allowed in more words than scopes have (RFC 9396). */
  readonly authorizationDetails?: readonly AuthorizationDetail[]
  readonly managed?: ManagedPart
  /** The one consent that it came from. */
  readonly consent?: GrantedConsent
}

/** The consent behind a code and all that came from it. */
export interface GrantedConsent {
  readonly id: string
  /** When it ends, at the latest, in seconds since the epoch: then it has a row (consents/objects.ts), which everything rests on. Absent: until it is taken back. */
  readonly until?: number
}

/** The part of a statement that reads which row of consents everything of these details rests on; null for none. */
export function restsOnConsent(details: string): string {
  return `case when ${details}->'consent'->'until' is not null then (${details}->'consent'->>'id')::uuid end`
}

/** The person's part of a decision. */
export interface PersonAuthorization {
  readonly subject: Subject
  readonly sessionId: string | undefined
  /** Seconds since the epoch. */
  readonly authTime: number
  readonly details: AuthorizationDetails
}

/** Whom a token speaks for, as the rule of APIs' scopes asks (apis/approved-scopes.ts). */
export function bearerOf(person: PersonAuthorization | undefined): Bearer {
  return person === undefined ? 'client' : { realms: person.details.realms ?? [] }
}

/** The `act` claim (RFC 8693 §4.1). */
export interface Actor {
  readonly sub: string
  readonly act?: Actor
}

/** What was decided, before anything is signed: the one value that the mint reads. */
export interface Authorization {
  readonly scopes: readonly string[]
  /** Audiences (RFC 8707 resources); empty for this server's own endpoints. */
  readonly audience: readonly string[]
  /** Absent for client credentials. */
  readonly person: PersonAuthorization | undefined
  /** What this token says of them, where that is not what the grant says. */
  readonly authorizationDetails?: readonly AuthorizationDetail[] | undefined
  /** Who acts for the person. */
  readonly actor?: Actor | undefined
  /** Seconds, where the token ends sooner than others of its kind. */
  readonly lifetime?: number
  /** The scopes as the token and the answer call them, where that is not by their whole names. */
  readonly toldScopes?: readonly string[] | undefined
  /** A JWT for this API, whichever form its other tokens have. */
  readonly signedFor?: Api | undefined
  /** What was issued, where the grant's answer says so (RFC 8693 §2.2.1). */
  readonly issuedTokenType?: string
  /** No id token, whatever the scope says: nobody signed in. */
  readonly withoutIdToken?: boolean
}

/** The authorization details of a token: its own, else its grant's (RFC 9396 §7). */
export function detailsOfToken({ authorizationDetails, person }: Pick<Authorization, 'authorizationDetails' | 'person'>): readonly AuthorizationDetail[] {
  return authorizationDetails ?? person?.details.authorizationDetails ?? []
}

/** How rows keep what is a token's own; null where its grant speaks. */
export function detailsColumn(details: readonly AuthorizationDetail[]): string | null {
  return details.length === 0 ? null : JSON.stringify(details)
}

/** Reads what a hot statement returned of a person: [user_id, session_id, auth_time, details, claims, groups]. */
export function readPerson(row: readonly unknown[], at: number): PersonAuthorization {
  const [userId, sessionId, authTime, details, claims, groups] = row.slice(at, at + 6)
  return {
    subject: { userId: String(userId), claims: claims as Subject['claims'], groups: groups as Subject['groups'] },
    sessionId: typeof sessionId === 'string' ? sessionId : undefined,
    authTime: authTime instanceof Date ? Math.floor(authTime.getTime() / 1000) : 0,
    details: details as AuthorizationDetails,
  }
}

export function splitList(text: unknown): readonly string[] {
  return typeof text === 'string' && text !== '' ? text.split(' ') : []
}

export function joinList(values: readonly string[]): string | null {
  return values.length === 0 ? null : values.join(' ')
}
