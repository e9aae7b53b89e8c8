/** A thing that a file can declare: its document, and whether a file made it (then `--prune` may remove it). */
export interface DeclaredDocument {
  readonly id: string
  readonly document: Readonly<Record<string, unknown>>
  readonly declared: boolean
}
