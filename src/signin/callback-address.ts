import type { Context } from '../context.ts'

/** Where the answers of providers come to; what follows is the place. */
export const CALLBACK = '/signin/callback'

/** One address a provider, so that one provider's answer is never taken for another's (security.md rule 9). Members of a federation share one. */
export function callbackAddress(ctx: Context, place: string): string {
  return `${ctx.config.issuer}${CALLBACK}/${place}`
}
