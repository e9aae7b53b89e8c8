import { OAuthError } from '../protocol/error.ts'

/** What is not this person's does not exist: the same answer for what is another's, was removed, or never was. */
export function notFound(): OAuthError {
  return new OAuthError('not_found', 'There is nothing here', { status: 404 })
}
