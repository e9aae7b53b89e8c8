const CLASSES = ['08', '53', '57', '58', '25006', '55000', '55P03']
const SYSTEM = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENOTFOUND', 'EAI_AGAIN'])
const SENTENCES = ['Connection terminated', 'timeout exceeded when trying to connect', 'Query read timeout', 'Client has encountered a connection error', 'Cannot use a pool after calling end', 'cached plan must not change result type']

function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** Whether an error means that the database cannot be asked now: the answer is 503 and the next request tries again. */
export function isDatabaseUnavailable(error: unknown): boolean {
  const code = codeOf(error)
  if (code !== undefined && (SYSTEM.has(code) || CLASSES.some((prefix) => code.startsWith(prefix)))) return true
  return error instanceof Error && SENTENCES.some((sentence) => error.message.includes(sentence))
}

/** Too many stood in line for the same row or lock, or on connections that had just been opened: who comes again stands nearer. */
export function isLockTimeout(error: unknown): boolean {
  return codeOf(error) === '55P03'
}

/** Serialization failure or deadlock: the same statement may be run again. */
export function isRetryable(error: unknown): boolean {
  const code = codeOf(error)
  return code === '40001' || code === '40P01'
}
