import type { SenderConstraint } from './constraint.ts'
import { dpop } from './dpop.ts'

/** The ways to bind a token to its holder. */
export const senderConstraints: readonly SenderConstraint[] = [dpop]
