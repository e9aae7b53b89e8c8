/** One scope as the person reads it. Without `sentence`, standard scopes have the service's own, with `value` in it. */
export interface ScopeItem {
  readonly scope: string
  readonly sentence?: string | undefined
  readonly details?: string | undefined
  readonly value?: string | undefined
  /** Where consent to it ends by itself: after so many days, or after one use. */
  readonly limit?: { readonly days?: number | undefined } | undefined
  /** The API that it opens, who runs that, and what the API then gets to know about the person (S-03). */
  readonly api?: { readonly name: string; readonly owner?: string | undefined; readonly receives: readonly ScopeItem[] } | undefined
}
