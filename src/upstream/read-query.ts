import { fold, wordsOf } from '../lib/fold.ts'

const MOST_WORDS = 8

export interface Query {
  readonly words: readonly string[]
  /** What was typed is an e-mail address: of it only the domain is looked for. */
  readonly isAddress: boolean
}

/** What a person typed, without the part of an e-mail address that is nobody's business. */
export function withoutLocalPart(typed: string): string {
  return typed.slice(typed.lastIndexOf('@') + 1).trim()
}

/** What a query looks for: of an e-mail address only the domain, else its words. */
export function readQuery(typed: string): Query {
  return { words: wordsOf(fold(withoutLocalPart(typed))).slice(0, MOST_WORDS), isAddress: typed.includes('@') }
}
