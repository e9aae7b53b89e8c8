import { perContext, type Context } from '../context.ts'
import type { Connector } from './connector.ts'
import { connectorTypes } from './index.ts'
import type { Provider, ProviderFacts } from './provider.ts'
import { unsealSecret } from './secret.ts'
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
  const connector = type.open(ctx, { facts, secret: async () => unsealSecret(ctx, id, await findSealedSecret(ctx, id)) })
  opened(ctx).set(provider, connector)
  return connector
}
