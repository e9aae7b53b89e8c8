import type { Transaction } from 'kysely'
import type { Context } from '../../context.ts'
import { raiseCacheVersion } from '../../database/cache-versions.ts'
import type { Database } from '../../database/schema.ts'
import { inOneTransaction } from '../../database/transaction.ts'
import { sha256 } from '../../lib/digest.ts'
import { type NewSamlEntity, providersOfEntities, saveSamlEntities } from '../saml-entities.ts'
import type { Provider } from '../provider.ts'
import { disableFederatedProviders, listFederatedHashes, saveFederatedProviders } from '../store.ts'
import type { FederatedEntity } from './entity.ts'
import type { Federation } from './federation.ts'
import { saveLogoSources } from './logo-store.ts'
import { type FederationState, type Imported, noteImport } from './store.ts'

// Owns what an import writes, in one transaction: what is new or changed, and nothing else. Who is not in the list any more is switched off
// and not deleted: people of theirs are still known, and they may come back.

export interface ImportCounts {
  /** Providers in force. */
  readonly providers: number
  readonly written: number
  readonly disabled: number
  /** Entities that a file declares, or that another federation brought first. */
  readonly elsewhere: number
}

const BATCH = 250
/** Raised when the same entity is to be written in another way. */
const FORMAT = 1

interface Progress {
  readonly before: ReadonlyMap<string, string | undefined>
  readonly seen: Set<string>
  /** Declared by a file now: a federation's row of theirs goes off. */
  readonly declared: string[]
  written: number
  elsewhere: number
}

/** A provider as it is kept: what the federation's declaration says of all of them, and what the entity says of itself. */
type Kept = Provider & Pick<Federation, 'subject' | 'claims_mapping' | 'required'> & { readonly federation: string }

function hashOf(provider: Kept, { facts, logo }: FederatedEntity): Buffer {
  return sha256(JSON.stringify([FORMAT, provider, facts, logo]))
}

function toProvider({ provider_id: federation, subject, claims_mapping, required }: Federation, { document }: FederatedEntity): Kept {
  return { ...document, keywords: [...document.keywords], realms: [...(document.realms ?? [])], federation, subject, claims_mapping, required }
}

async function writeBatch(trx: Transaction<Database>, federation: Federation, batch: readonly FederatedEntity[], progress: Progress): Promise<void> {
  const holders = await providersOfEntities(trx, batch.map(({ facts }) => facts.entity_id))
  const isElsewhere = ({ document, facts }: FederatedEntity): boolean => (holders.get(facts.entity_id) ?? []).some((id) => id !== document.provider_id)
  const own = batch.filter((entity) => !isElsewhere(entity))
  progress.declared.push(...batch.filter(isElsewhere).map(({ document }) => document.provider_id))
  const made = own.map((entity) => ({ entity, provider: toProvider(federation, entity) })).map(({ entity, provider }) => ({ entity, provider, hash: hashOf(provider, entity) }))
  const changed = made.filter(({ provider, hash }) => progress.before.get(provider.provider_id) !== hash.toString('hex'))
  const saved = await saveFederatedProviders(trx, federation.provider_id, changed)
  const entities: readonly NewSamlEntity[] = changed.filter(({ entity }) => saved.has(entity.document.provider_id)).map(({ entity }) => ({ providerId: entity.document.provider_id, facts: entity.facts }))
  await saveSamlEntities(trx, entities)
  await saveLogoSources(trx, changed.filter(({ entity }) => saved.has(entity.document.provider_id)).map(({ entity }) => ({ providerId: entity.document.provider_id, source: entity.logo })))
  for (const { document } of own) if (progress.before.has(document.provider_id) || saved.has(document.provider_id)) progress.seen.add(document.provider_id)
  progress.written += saved.size
  progress.elsewhere += batch.length - own.length + changed.length - saved.size
}

async function* batches<T>(values: AsyncIterable<T>): AsyncGenerator<readonly T[]> {
  let batch: T[] = []
  for await (const value of values) {
    batch.push(value)
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

class DeclaredAnew extends Error {}

/** Writes an import. Nothing when the federation was declared anew while it was read: then it is imported again. */
export async function writeImport(ctx: Context, state: FederationState, entities: AsyncIterable<FederatedEntity>, known: Omit<Imported, 'providers'>): Promise<ImportCounts | undefined> {
  try {
    return await inOneTransaction(ctx.db, async (trx) => {
      const progress: Progress = { before: await listFederatedHashes(trx, state.id), seen: new Set(), declared: [], written: 0, elsewhere: 0 }
      for await (const batch of batches(entities)) await writeBatch(trx, state.document, batch, progress)
      const declared = new Set(progress.declared)
      const left = [...progress.before.keys()].filter((id) => !progress.seen.has(id) && !declared.has(id))
      const disabled = (await disableFederatedProviders(trx, state.id, 'left', left)) + (await disableFederatedProviders(trx, state.id, 'declared', progress.declared))
      if (!(await noteImport(trx, state, { ...known, providers: progress.seen.size }))) throw new DeclaredAnew()
      // Last: whoever declares something waits for this row.
      if (progress.written + disabled > 0) await raiseCacheVersion(trx, 'providers')
      return { providers: progress.seen.size, written: progress.written, disabled, elsewhere: progress.elsewhere }
    })
  } catch (error) {
    if (error instanceof DeclaredAnew) return undefined
    throw error
  }
}
