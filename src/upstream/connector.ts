import type { z } from 'zod'
import type { Context } from '../context.ts'
import type { User } from '../users/user.ts'
import type { MappedPerson } from './mapping.ts'
import type { Provider, ProviderFacts } from './provider.ts'

// Owns the contract of everything that vouches for people: one file a protocol, one line in index.ts. A connector knows its protocol and
// nothing of journeys, cookies or pages; what it hands back has been checked, and nothing of it was believed before.

/** Who somebody is, by the word of one provider. Provider, issuer and subject together are the identity; nothing else ever is. */
export interface Identity extends MappedPerson {
  /** By what name the other side vouches: issuer, entity id, directory. A provider's declaration that is pointed at another one has other people. */
  readonly issuer: string
  readonly subject: string
  readonly acr: string | undefined
  readonly amr: readonly string[]
  /** When the person signed in there, as far as it says so. Seconds since the epoch. */
  readonly authTime: number | undefined
}

/** How one sign-in is to be asked for. */
export interface Attempt {
  /** Where the answer comes to. One path a provider: an answer at another one is another provider's (RFC 9700 §4.4). */
  readonly redirectUri: string
  /** Comes back with the answer: 256 random bits and the journey. */
  readonly state: string
  /** The person must sign in there again, signed in or not. */
  readonly fresh: boolean
  /** Seconds. */
  readonly maxAge: number | undefined
  readonly loginHint: string | undefined
  readonly acrValues: readonly string[]
  readonly uiLocales: string | undefined
}

/** Where the browser goes, and what `complete` must get back: the journey keeps it sealed and does not read it. */
export interface UpstreamDeparture {
  readonly url: string
  /** What the browser posts there; left out when it is only sent there. */
  readonly fields?: Readonly<Record<string, string>>
  readonly kept: string
}

export interface Callback {
  readonly redirectUri: string
  readonly state: string
  readonly kept: string
  readonly parameters: URLSearchParams
}

interface Checkable {
  /** Whether the other side is there and takes what is stored here, as far as that shows without a person. Throws UpstreamFailure. */
  check?(): Promise<void>
}

/** A name and a password are asked for here. */
export interface PasswordConnector extends Checkable {
  readonly kind: 'password'
  /** Whose name it is, as far as that is known without a password: to count attempts by. */
  whose(username: string): Promise<User | undefined>
  /**
   * Who has that name and that password: a person of ours, or somebody for whom the other side vouches; nothing when the two do not belong
   * together. A name that is nobody's costs the same time. `user` is what `whose` said. Throws UpstreamFailure when nobody could be asked.
   */
  verify(user: User | undefined, username: string, password: string): Promise<User | Identity | undefined>
  /** Whether a person's account is kept here, at this place. Only where that can be so does a passkey stand for name and password. */
  holds?(user: User): boolean
}

/** The person goes there and comes back. Both throw UpstreamFailure and nothing else that is the other side's doing. */
export interface RedirectConnector extends Checkable {
  readonly kind: 'redirect'
  /** The last part of the address that answers come to, where several providers share one; else the provider's own id. */
  readonly answersAt?: string
  begin(attempt: Attempt): Promise<UpstreamDeparture>
  complete(callback: Callback): Promise<Identity>
  /** Where the institution tells its people what to do when it did not say enough about them. */
  helpAddress?(about: Incompleteness): Promise<string | undefined>
}

/** A sign-in that an institution said too little about. */
export interface Incompleteness {
  /** `subject`, or claims of ours. */
  readonly missing: readonly string[]
  readonly reference: string
  /** Seconds since the epoch. */
  readonly at: number
}

export type Connector = PasswordConnector | RedirectConnector

interface FailureDetails {
  readonly isHearsay?: boolean
  readonly missing?: readonly string[]
  readonly facts?: Readonly<Record<string, string | number | undefined>>
}

/**
 * Why nobody came back signed in: `refused` is the provider's or the person's decision, `unavailable` passes, `invalid` is an answer that is
 * not believed, `incomplete` one that is, but says too little.
 */
export class UpstreamFailure extends Error {
  readonly kind: 'refused' | 'unavailable' | 'invalid' | 'incomplete'
  /** For the operator: what was wrong, in registered words and codes; never a value that came from the other side. */
  readonly detail: string
  /** It was the browser that brought it: a stranger can say so too, and it says nothing of how the provider is. */
  readonly isHearsay: boolean
  /** With `incomplete`: what is missing, in our names. */
  readonly missing: readonly string[]
  /** For the operator's log, beside the detail: numbers, and words of ours or of the declaration. */
  readonly facts: Readonly<Record<string, string | number | undefined>>
  constructor(kind: UpstreamFailure['kind'], detail: string, more: FailureDetails = {}) {
    super('the provider did not sign anybody in')
    this.kind = kind
    this.detail = detail
    this.isHearsay = more.isHearsay === true
    this.missing = more.missing ?? []
    this.facts = more.facts ?? {}
  }
  /** The same failure with more for the log. */
  with(facts: FailureDetails['facts']): UpstreamFailure {
    return new UpstreamFailure(this.kind, this.detail, { isHearsay: this.isHearsay, missing: this.missing, facts: { ...facts, ...this.facts } })
  }
}

export interface Opening {
  readonly facts: ProviderFacts
  /** What we prove ourselves with to the provider. */
  readonly secret: () => Promise<string | undefined>
}

export interface ConnectorType {
  /** The `protocol` of a provider. */
  readonly protocol: string
  /** The whole declaration of such a provider but for its secret. */
  readonly schema: z.ZodObject & z.ZodType<Provider>
  /** Whether a declaration has a secret. */
  readonly hasSecret: boolean
  /** What the declaration calls it; `client_secret` when left out. */
  readonly secretMember?: string
  open(ctx: Context, opening: Opening): Connector
}
