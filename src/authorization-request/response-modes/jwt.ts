import { formPost } from './form-post.ts'
import { fragment } from './fragment.ts'
import type { ResponseMode } from './mode.ts'
import { query } from './query.ts'

// The answer as one signed JWT (JWT Secured Authorization Response Mode): nobody on the way can change or mix what it says.

function signed(mode: ResponseMode): ResponseMode {
  return { name: `${mode.name}.jwt`, signs: true, depart: (redirectUri, parameters) => mode.depart(redirectUri, parameters) }
}

/** In the query, in the fragment, or posted. */
export const signedModes: readonly ResponseMode[] = [query, fragment, formPost].map(signed)

/** The name that leaves the way to the response type. */
export const SIGNED = 'jwt'

/** The mode that `jwt` stands for (§2.3.4). */
export function signedModeFor(usual: 'query' | 'fragment'): string {
  return `${usual}.jwt`
}

/** Whether a mode goes with a response type that usually answers so: what is a token already must not be in a query. */
export function mayAnswerIn(mode: string, usual: 'query' | 'fragment'): boolean {
  return usual === 'query' || (mode !== 'query' && mode !== 'query.jwt')
}
