/** One authorization detail (RFC 9396) as the person reads it: its title, and every value that the client asks with. */
export interface DetailItem {
  readonly type: string
  readonly title: string
  readonly description?: string | undefined
  /** A yes to it is for this time only. */
  readonly once?: boolean
  readonly rows: readonly { readonly label: string; readonly value: string }[]
}
