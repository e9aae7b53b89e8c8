import { isDatabaseUnavailable } from '../database/unavailable.ts'
import { PasswordsBusy } from '../lib/password.ts'
import { invalidRequest, OAuthError, refusedByLimit, serverError, temporarilyUnavailable } from '../protocol/error.ts'

function frameworkCode(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function frameworkStatus(error: unknown): number | undefined {
  return typeof error === 'object' && error !== null && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined
}

/** Whatever was thrown as the one error value: ours as it stands, the framework's by its meaning, a lost database as 503, the rest as `server_error`. */
export function toOAuthError(error: unknown): OAuthError {
  if (error instanceof OAuthError) return error
  if (error instanceof PasswordsBusy) return refusedByLimit(429, 'Too many sign-ins at once', { 'retry-after': '2' })
  const code = frameworkCode(error)
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return refusedByLimit(415, 'The content type is not supported; send application/x-www-form-urlencoded')
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return refusedByLimit(413, 'The request is too large')
  if (code === 'FST_ERR_HANDLER_TIMEOUT') return temporarilyUnavailable('The server took too long', { cause: error })
  // Before the database is suspected: a caller who breaks off in the middle of a body has a connection that was reset, too.
  const status = frameworkStatus(error)
  if (status !== undefined && status >= 400 && status < 500) return invalidRequest('The request could not be read', { status, cause: error, trace: { cause: 'request.unreadable' } })
  if (isDatabaseUnavailable(error)) return temporarilyUnavailable('The server cannot answer now', { cause: error })
  return serverError('Something went wrong', { cause: error })
}
