import { type Context, perContext } from '../context.ts'
import type { ClientMetadata } from './metadata.ts'

// Owns what else a document about a client must keep to: rules of those who know more than clients, asked once for each document that is
// fetched. They are put here when the server is built.

/** Gives why a document is not taken, in words for the log, or nothing. */
export type DocumentRule = (ctx: Context, metadata: ClientMetadata) => Promise<string | undefined>

const rules = perContext((): DocumentRule[] => [])

/** Asks one more rule of every document from now on. */
export function addDocumentRule(ctx: Context, rule: DocumentRule): void {
  rules(ctx).push(rule)
}

/** Why a document is not taken, by the first rule that it breaks. */
export async function brokenDocumentRule(ctx: Context, metadata: ClientMetadata): Promise<string | undefined> {
  for (const rule of rules(ctx)) {
    const why = await rule(ctx, metadata)
    if (why !== undefined) return why
  }
  return undefined
}
