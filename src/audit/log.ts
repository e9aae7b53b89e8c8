import { type Logger, pino } from 'pino'

// Owns the log's shape. Serializers are allow-lists: the fields named here, never "all but". Query strings, bodies, headers, codes,
// tokens and state values have no way in.

interface LoggedRequest {
  readonly method?: string
  readonly routeOptions?: { readonly url?: string | undefined }
  readonly ip?: string
}

/** The route's pattern instead of the address: no identifier, code or state can be part of it. */
function request(value: LoggedRequest): Record<string, unknown> {
  return { method: value.method, route: value.routeOptions?.url ?? 'unknown', ip: value.ip }
}

function reply(value: { readonly statusCode?: number }): Record<string, unknown> {
  return { status: value.statusCode }
}

function frames(stack: string | undefined): string | undefined {
  return stack
    ?.split('\n')
    .filter((line) => line.trimStart().startsWith('at '))
    .slice(0, 12)
    .join('\n')
}

/** Name, code, message and frames. A database error's detail and a validation error's input are left out: they carry values. */
function failure(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const message = error.name === 'ZodError' ? 'validation failed' : error.message
  return { type: error.name, code, message, stack: frames(error.stack) }
}

export type Log = Logger

export function createLog(level: string, destination?: { write(line: string): void }): Log {
  const options = { level, base: null, messageKey: 'message', timestamp: pino.stdTimeFunctions.isoTime, serializers: { req: request, res: reply, err: failure }, formatters: { level: (label: string) => ({ level: label }) } }
  return destination === undefined ? pino(options) : pino(options, destination)
}
