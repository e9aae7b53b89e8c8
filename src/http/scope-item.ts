/** One scope as the person reads it. Without `sentence`, standard scopes have the service's own, with `value` in it. */
export interface ScopeItem {
  readonly scope: string
  readonly sentence?: string | undefined
  readonly details?: string | undefined
  readonly value?: string | undefined
}
