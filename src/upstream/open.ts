import { perContext, type Context } from '../context.ts'
import type { Connector } from './connector.ts'
import { observed } from './health.ts'
import { connectorTypes } from './index.ts'
import type { Provider, ProviderFacts } from './provider.ts'
import { providerSecrets } from './provider-secrets.ts'
import { findSealedSecret } from './store.ts'

// A declared provider as a connector that is ready for use. Kept as long as the declaration in memory is the same one: with a change of the
// declaration, what a connector remembers of the other side (its metadata, its keys) is gone too.
const opened = perContext(() => new WeakMap<Provider, Connector>())

/** The connector of a provider. */
export function openConnector(ctx: Context, facts: ProviderFacts): Connector {
  const { provider } = facts
  const known = opened(ctx).get(provider)
  if (known !== undefined) return known
  const type = connectorTypes.find(({ protocol }) => protocol === provider.protocol)
  if (type === undefined) throw new Error(`no connector speaks ${provider.protocol}`)
  const id = provider.provider_id
  const own = type.open(ctx, { facts, secret: async () => providerSecrets.unseal(ctx, id, await findSealedSecret(ctx, id)) })
  const connector = provider.protocol === 'local' ? own : observed(ctx, id, own)
  opened(ctx).set(provider, connector)
  return connector
}
