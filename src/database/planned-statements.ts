import { createHash } from 'node:crypto'
import type { ClientBase, QueryResult } from 'pg'

// Owns which statements of the ordinary connections PostgreSQL plans anew at each run, and which once a connection. Planning is a third of what
// a sign-in costs the database. A statement that comes again gets a name; PostgreSQL itself goes on planning those whose values matter to the
// plan (plan_cache_mode=auto). Texts that are put together anew each time stay without: a server must not fill up with plans.

const SOON = 5
const MOST_NAMED = 400
/** Texts whose runs are counted. */
const MOST_KNOWN = 4000
const CHANGED = 'cached plan must not change result type'

/** The name under which a statement is planned, or nothing while it is not. */
export type NameOf = (text: string) => string | undefined

/** Counts what runs, for all connections of a pool. */
export function createNames(): { readonly nameOf: NameOf; readonly forget: (text: string) => void } {
  const runs = new Map<string, number>()
  const names = new Map<string, string | undefined>()
  function count(text: string): number {
    const known = runs.get(text) ?? 0
    if (known === 0 && runs.size >= MOST_KNOWN) return 0
    runs.set(text, known + 1)
    return known + 1
  }
  return {
    nameOf: (text) => {
      if (names.has(text)) return names.get(text)
      if (names.size >= MOST_NAMED || count(text) < SOON) return undefined
      const name = `again_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
      names.set(text, name)
      runs.delete(text)
      return name
    },
    forget: (text) => void names.set(text, undefined),
  }
}

function isChanged(error: unknown): boolean {
  return error instanceof Error && error.message.includes(CHANGED)
}

/** Lets a connection give names to what it is asked with a text and values; whatever else it is asked goes as it is. */
export function planOnce(client: ClientBase, { nameOf, forget }: ReturnType<typeof createNames>): void {
  const ask = client.query.bind(client) as (...asked: readonly unknown[]) => Promise<QueryResult>
  async function named(name: string, text: string, values: readonly unknown[]): Promise<QueryResult> {
    try {
      return await ask({ name, text, values })
    } catch (error) {
      if (!isChanged(error)) throw error
      // A migration has given its table another column. Within a transaction nothing can be asked again.
      forget(text)
      return ask(text, values).catch(() => Promise.reject(error as Error))
    }
  }
  function query(text: unknown, values: unknown, ...rest: readonly unknown[]): unknown {
    const name = typeof text === 'string' && Array.isArray(values) && rest.length === 0 ? nameOf(text) : undefined
    return name === undefined ? ask(text, values, ...rest) : named(name, text as string, values as readonly unknown[])
  }
  client.query = query as typeof client.query
}
