import type { SenderConstraint } from './constraint.ts'
import { dpop } from './dpop.ts'
import { mtls } from './mtls.ts'

/** The ways to bind a token to its holder; the first one counts where a client proves more than one unasked. */
export const senderConstraints: readonly SenderConstraint[] = [dpop, mtls]
