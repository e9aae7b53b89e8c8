/** Why the embedded database cannot run, in a sentence for the person who starts Portner. */
export class EmbeddedPostgresError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'EmbeddedPostgresError'
  }
}

export const INSTEAD = 'Set DATABASE_URL to a PostgreSQL 15 or newer instead.'

/** The `code` of a Node or PostgreSQL error, if it has one. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
