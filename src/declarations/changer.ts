import type { Actor } from '../organizations/can.ts'

/** Who changes something, and by what way: the audit tells it. */
export interface Changer {
  readonly actor: Actor
  /** The person; a client that acts by itself is none. */
  readonly personId?: string | undefined
  readonly through: 'api' | 'dashboard' | 'admin' | 'command'
}
