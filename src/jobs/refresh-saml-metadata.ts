import { type Context, perContext } from '../context.ts'
import { listSamlRefreshes } from '../upstream/saml-entities.ts'
import { refreshSamlProvider } from '../upstream/saml-refresh.ts'
import { samlSchema } from '../upstream/saml-service.ts'
import { listDeclaredProviders } from '../upstream/store.ts'
import type { Job } from './job.ts'

// Reads the metadata of declared SAML providers: of a new declaration within seconds, of the others when they are due. A provider that
// hangs holds up only those beside it, and for as long as one request may take.

const AT_ONCE = 8
const PAUSE_AFTER_FAILURE_MILLISECONDS = 60_000

/** Providers of which nothing is known yet and that have just failed: when to try again. Milliseconds since the epoch. */
const paused = perContext(() => new Map<string, number>())

async function run(ctx: Context, stopping: () => boolean): Promise<number> {
  const [providers, refreshes] = await Promise.all([listDeclaredProviders(ctx.db, 'saml'), listSamlRefreshes(ctx.db)])
  const now = ctx.clock.now()
  const isDue = (id: string): boolean => (refreshes.get(id)?.getTime() ?? paused(ctx).get(id) ?? 0) <= now
  const due = providers.filter(({ provider_id, disabled }) => !disabled && isDue(provider_id)).map((provider) => samlSchema.parse(provider))
  let read = 0
  for (let i = 0; i < due.length && !stopping(); i += AT_ONCE) {
    const reasons = await Promise.all(
      due.slice(i, i + AT_ONCE).map(async (provider) => {
        const reason = await refreshSamlProvider(ctx, provider)
        if (reason === undefined) paused(ctx).delete(provider.provider_id)
        else paused(ctx).set(provider.provider_id, now + PAUSE_AFTER_FAILURE_MILLISECONDS)
        return reason
      }),
    )
    read += reasons.filter((reason) => reason === undefined).length
  }
  return read
}

export const refreshSamlMetadataJob: Job = { name: 'refresh-saml-metadata', everySeconds: 10, run }
