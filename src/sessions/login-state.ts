import type { Context } from '../context.ts'
import { hmacSha256, sha256 } from '../lib/digest.ts'
import { randomBytes } from '../lib/random.ts'
import { listSessions } from './store.ts'

// Owns what scripts of clients can learn of a browser's sign-ins (OpenID Connect Session Management 1.0): that they are no longer what they
// were when the client was answered, and nothing else. The state is a keyed digest of who is signed in; it changes with every sign-in and
// sign-out, it opens nothing, and no session can be told from it. Does not own the cookie that carries it (endpoints/check-session.ts).

const STATE_BYTES = 16
const SALT_BYTES = 9

/** The state of a browser now. */
export async function loginStateOf(ctx: Context, browserId: string): Promise<string> {
  const sessions = await listSessions(ctx, browserId)
  const facts = [browserId, ...sessions.map(({ sessionId }) => sessionId).toSorted()]
  return hmacSha256(ctx.sealing.macKey('login-state'), facts.join(' ')).subarray(0, STATE_BYTES).toString('base64url')
}

/** The `session_state` of an answer (§3.2): what the frame of this server makes again out of the cookie, for this client and origin alone. */
export function sessionStateFor(clientId: string, origin: string, loginState: string): string {
  const salt = randomBytes(SALT_BYTES).toString('base64url')
  return `${sha256([clientId, origin, loginState, salt].join(' ')).toString('base64url')}.${salt}`
}
