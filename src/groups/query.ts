import { fold, wordsOf } from '../lib/fold.ts'
import { allVersions, type LocalizedText } from '../protocol/localized-text.ts'

// Owns what is meant by a few words of a name: each begins a word of it, in any of its languages, with or without its diacritics.

/** The words of names, as they are compared. */
export function wordsOfNames(names: readonly LocalizedText[]): readonly string[] {
  return names.flatMap(allVersions).flatMap((name) => wordsOf(fold(name)))
}

/** Whether the words of a name are meant by what somebody typed. Nothing typed means nothing. */
export function isMeant(typed: string, words: readonly string[]): boolean {
  const wanted = wordsOf(fold(typed))
  return wanted.length > 0 && wanted.every((beginning) => words.some((word) => word.startsWith(beginning)))
}
