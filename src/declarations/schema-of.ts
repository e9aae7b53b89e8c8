import type { Offered } from '../clients/metadata.ts'
import type { Kind } from './kind.ts'

// Making a schema takes longer than reading a document with it: each is made once for what a server offers.

type Schema = ReturnType<Kind['schema']>

const made = new WeakMap<Offered, Map<Kind, Schema>>()

/** The schema of a kind's documents. */
export function schemaOf(kind: Kind, offered: Offered): Schema {
  const schemas = made.get(offered) ?? new Map<Kind, Schema>()
  made.set(offered, schemas)
  const schema = schemas.get(kind) ?? kind.schema(offered)
  schemas.set(kind, schema)
  return schema
}
