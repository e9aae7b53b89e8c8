import { hasSwitch } from '../../clients/client.ts'
import { requireAllowed } from '../../clients/profile-rules.ts'
import { invalidRequest } from '../../protocol/error.ts'
import { isCodeChallenge } from '../../protocol/pkce.ts'
import { challengeFindings } from '../../protocol/pkce-findings.ts'
import { type Check, clientOf, learn } from './check.ts'
import { responseTypeOf } from './response-type.ts'

/** PKCE with S256 (RFC 7636, RFC 9700 §2.1.1), of every client but those whose profile does without or that have the switch `no_pkce`. */
export const checkPkce: Check = (draft, ctx) => {
  const challenge = draft.form.single.get('code_challenge')
  const method = draft.form.single.get('code_challenge_method')
  // Without a code there is nothing to bind.
  if (!responseTypeOf(draft).code) return draft
  if (challenge === undefined) {
    if (method !== undefined) throw invalidRequest('code_challenge_method came without code_challenge', { parameter: 'code_challenge', trace: { cause: 'pkce.malformed', compared: [{ name: 'code_challenge_method', sent: method }, { name: 'code_challenge' }] } })
    const client = clientOf(draft)
    const missing = (): Error => invalidRequest('PKCE is required: send code_challenge with code_challenge_method=S256', { parameter: 'code_challenge', detail: 'pkce.missing', trace: { cause: 'pkce.missing', compared: [{ name: 'code_challenge' }, { name: 'code_challenge_method', expected: 'S256' }] } })
    requireAllowed(ctx, client, { rule: 'pkce', allows: ({ pkce }) => !pkce, excused: hasSwitch(client, 'no_pkce') }, missing)
    return draft
  }
  // Absent means plain (RFC 7636 §4.3), and plain protects nothing.
  if (method !== 'S256') throw invalidRequest('code_challenge_method must be S256', { parameter: 'code_challenge_method', trace: { cause: 'pkce.method', ...challengeFindings(challenge, method ?? 'plain') } })
  if (!isCodeChallenge(challenge)) throw invalidRequest('The code_challenge is not a SHA-256 in base64url', { parameter: 'code_challenge', trace: { cause: 'pkce.malformed', ...challengeFindings(challenge, method) } })
  return learn(draft, { codeChallenge: challenge })
}
