import type { Context } from '../context.ts'
import type { Changer } from './changer.ts'

// Owns how the audit tells who changed something and by what way, for what is no document (change.ts records those).

const WAYS: Readonly<Record<Changer['through'], string>> = { api: 'by api', dashboard: 'in the dashboard', admin: 'by an operator', command: 'by command' }

/** What happened, with the way: `secret added by api`. */
export function byWay({ through }: Changer, what: string): string {
  return `${what} ${WAYS[through]}`
}

/** Who did it; at the command line it is nobody whom this server knows. */
export function actorOf({ through, actor }: Changer): { readonly actor?: string } {
  return through === 'command' ? {} : { actor: actor.userId }
}

export function recordClientChange(ctx: Context, changer: Changer, clientId: string, what: string): void {
  ctx.audit.record({ event: 'client.changed', clientId, change: byWay(changer, what), ...actorOf(changer) })
}
