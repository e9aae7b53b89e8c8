import type { Context } from '../context.ts'
import { epochSeconds } from '../lib/clock.ts'
import { invalidSoftwareStatement, unapprovedSoftwareStatement } from '../protocol/error.ts'
import { JwtFault, readUnprovenClaims, verifyJwt } from '../protocol/jwt.ts'
import { jwtFindings } from '../protocol/jwt-findings.ts'
import { clientSigningAlgorithms } from './json-web-keys.ts'
import { keysOf } from './keys.ts'
import { findTrustedIssuer } from './trusted-issuers.ts'

// Software statements (RFC 7591 §2.3): what a trusted issuer says of an application counts before what the application says of itself. One
// statement is for every copy of the application, so it is neither single-use nor short-lived.

/** How far ahead a statement may end, and how long ago it may have been made. Seconds. */
const LONGEST_SECONDS = 10 * 365 * 86_400

type Said = Readonly<Record<string, unknown>>

/** What is about the statement, and not about the application. */
const ABOUT_ITSELF = new Set(['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'client_id', 'software_statement'])

async function verify(ctx: Context, statement: string): Promise<Said> {
  const { iss } = readUnprovenClaims(statement)
  const trusted = await findTrustedIssuer(ctx, iss, 'software_statements')
  if (trusted === undefined) throw unapprovedSoftwareStatement('Statements of this issuer are not taken here', { trace: { cause: 'registration.statement', compared: [{ name: 'iss', sent: typeof iss === 'string' ? iss : undefined }] } })
  const profile = { algorithms: clientSigningAlgorithms, types: ['jwt', undefined], issuer: trusted.issuer, audience: ctx.config.issuer, audienceMayBeMissing: true, required: [], longest: LONGEST_SECONDS }
  return verifyJwt(statement, profile, keysOf(ctx, { metadata: trusted }), epochSeconds(ctx.clock))
}

async function claimsOf(ctx: Context, statement: unknown, known: string | undefined): Promise<Said> {
  if (typeof statement !== 'string') throw invalidSoftwareStatement('The software_statement is not a JWT', { parameter: 'software_statement' })
  try {
    return statement === known ? readUnprovenClaims(statement) : await verify(ctx, statement)
  } catch (error) {
    if (error instanceof JwtFault) throw invalidSoftwareStatement('The software_statement is not valid', { detail: `software_statement.${error.message}`, trace: { cause: 'registration.statement', ...jwtFindings(statement, error, { audience: ctx.config.issuer, longest: LONGEST_SECONDS }, epochSeconds(ctx.clock)) } })
    throw error
  }
}

/**
 * What a client says, with what its statement says in place of it: in every language, or the name could be put right in one. `known` is the
 * statement that was proven when the client registered: it goes on counting when the client changes its registration. Throws
 * `invalid_software_statement`, or `unapproved_software_statement` for an issuer that is not trusted here.
 */
export async function withSoftwareStatement(ctx: Context, said: Said, known: string | undefined): Promise<Said> {
  const statement = said['software_statement'] ?? known
  if (statement === undefined) return said
  const claims = Object.fromEntries(Object.entries(await claimsOf(ctx, statement, known)).filter(([name]) => !ABOUT_ITSELF.has(name)))
  const settled = new Set(Object.keys(claims).map((name) => name.split('#')[0]))
  const own = Object.fromEntries(Object.entries(said).filter(([name]) => !settled.has(name.split('#')[0])))
  return { ...own, ...claims, software_statement: statement }
}
