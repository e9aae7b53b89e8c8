// Owns what a sign-in amounts to: the one table of authentication context classes, and what follows from it for `acr` and `amr`. Does not
// own who must prove what (signin/second-factor-need.ts).

/** One thing was proven, or a provider said no more than that it knows the person. */
export const ACR_PASSWORD = 'urn:portner:acr:password'
/** Two things of different kinds were proven (NIST SP 800-63B AAL2 in spirit; REFEDS MFA). */
export const ACR_TWO_FACTORS = 'urn:portner:acr:two-factors'

const TWO = 2
const levels: Readonly<Record<string, number>> = {
  [ACR_PASSWORD]: 1,
  [ACR_TWO_FACTORS]: TWO,
  'https://refeds.org/profile/mfa': TWO,
  // What the applications of the original send.
  'urn:mace:feide.no:auth:level:fad08:3': TWO,
}

/** The values that clients may ask for here, weakest first; another provider's may be asked for and passed on as well. */
export const acrValues: readonly string[] = Object.keys(levels)

/** What is known of how somebody signed in: by word of the provider, and the factors that were proven here on top. */
export interface SignInFacts {
  readonly acr: string | undefined
  readonly amr: readonly string[]
  readonly factors: readonly string[]
}

/** Whether two factors stand behind a sign-in: one of ours on top, or the provider's word (RFC 8176 `mfa`, or a class of the table). */
export function hasTwoFactors({ acr, amr, factors }: SignInFacts): boolean {
  return factors.length > 0 || amr.includes('mfa') || levels[acr ?? ''] === TWO
}

/** Whether a value asks for two factors. */
export function asksTwoFactors(value: string): boolean {
  return levels[value] === TWO
}

/** Whether a sign-in is of a class that was asked for. */
export function satisfiesAcr(facts: SignInFacts, value: string): boolean {
  if (value === facts.acr) return true
  if (asksTwoFactors(value)) return hasTwoFactors(facts)
  // Of a provider that says nothing we do not know that there was a password; but two factors are more than one.
  return value === ACR_PASSWORD && hasTwoFactors(facts)
}

/** The `acr` of a token (OpenID Connect Core §2): what was asked for, in the order of the client's preference, if it was reached; else what was reached. */
export function acrOf(facts: SignInFacts, asked: readonly string[]): string | undefined {
  const met = asked.find((value) => satisfiesAcr(facts, value))
  if (met !== undefined) return met
  return facts.factors.length > 0 ? ACR_TWO_FACTORS : facts.acr
}

/** The `amr` of a token (RFC 8176): everything that was proven. */
export function amrOf({ amr, factors }: SignInFacts): readonly string[] {
  return factors.length === 0 ? amr : [...new Set([...amr, ...factors, 'mfa'])]
}
