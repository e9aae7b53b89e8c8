import type { ApplicationKind } from '../application-kinds.ts'

/*
 * The contract of a snippet: one file here and one line in index.ts. It is code that works as it stands, made of the application's real
 * values, with the secret as the name of an environment variable only; at most 40 lines, with state, nonce and PKCE, and what to do when it
 * goes wrong (pages.md §2.7). Values come through the quoting of quote.ts: an address may have any sign in it that addresses may.
 */

export interface SnippetFacts {
  readonly issuer: string
  readonly clientId: string
  readonly kind: ApplicationKind
  readonly redirectUri: string
  readonly scope: string
  /** It proves itself with a secret. */
  readonly secret: boolean
}

export interface Snippet {
  /** `?lang=<id>`; its name is no language's word. */
  readonly id: string
  readonly name: string
  /** The kinds of application that it is for. */
  readonly kinds: readonly ApplicationKind[]
  code(facts: SnippetFacts): string
}

/** The port that a server on this machine would listen on for its redirect address. */
export function portOf({ redirectUri }: SnippetFacts): number {
  return Number(new URL(redirectUri).port) || 8080
}

export function pathOf({ redirectUri }: SnippetFacts): string {
  return new URL(redirectUri).pathname
}
