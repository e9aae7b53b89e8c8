import type { Kysely } from 'kysely'
import type { Database } from '../database/schema.ts'
import type { Current, Kind } from './kind.ts'

// Owns what the database has of every kind, as one value that can be compared with a later one.

export type State = ReadonlyMap<string, ReadonlyMap<string, Current>>

/** Everything of these kinds, by kind and id. */
export async function readState(db: Kysely<Database>, of: readonly Kind[]): Promise<State> {
  const state = new Map<string, ReadonlyMap<string, Current>>()
  for (const kind of of) state.set(kind.kind, new Map((await kind.list(db)).map((current) => [current.id, current])))
  return state
}

export function findCurrent(state: State, kind: Kind, id: string): Current | undefined {
  return state.get(kind.kind)?.get(id)
}

/** Whether two readings are the same to the letter. */
export function isSameState(a: State, b: State): boolean {
  const text = (state: State): string => JSON.stringify([...state].map(([kind, entries]) => [kind, [...entries.values()]]))
  return text(a) === text(b)
}
