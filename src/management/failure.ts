import { type ChangeFault, ChangeRefused, type Refusal } from '../declarations/refused.ts'
import { asciiDescription, OAuthError } from '../protocol/error.ts'

// Owns what a refusal of the management API is: our error shape, and `faults` with every member that is wrong.

/** A refusal with the members at fault. */
export class FaultyRequest extends OAuthError {
  readonly faults: readonly ChangeFault[]
  constructor(code: string, description: string, status: number, faults: readonly ChangeFault[]) {
    super(code, asciiDescription(description), { status })
    this.faults = faults
  }
}

export function invalid(faults: readonly ChangeFault[]): FaultyRequest {
  return new FaultyRequest('invalid_request', faults.map(({ message }) => message).join('; '), 400, faults)
}

export function notFound(): OAuthError {
  return new OAuthError('not_found', 'There is no such thing', { status: 404 })
}

export function forbidden(): OAuthError {
  return new OAuthError('access_denied', 'Your role does not allow this', { status: 403 })
}

export function conflict(code: 'already_exists' | 'in_use', description: string): OAuthError {
  return new OAuthError(code, description, { status: 409 })
}

/** Somebody changed it meanwhile. */
export function seenOther(): OAuthError {
  return new OAuthError('precondition_failed', 'It is not as you saw it; read it again', { status: 412 })
}

/** Where a refusal says no more than that. */
const UNSAID: Readonly<Partial<Record<Refusal, string>>> = { exists: 'There is one with this id already', in_use: 'Something names it' }

const REFUSALS: Readonly<Record<Exclude<Refusal, 'invalid'>, (message: string) => OAuthError>> = {
  not_found: notFound,
  forbidden,
  exists: (message) => conflict('already_exists', message),
  in_use: (message) => conflict('in_use', message),
  stale: seenOther,
}

/** A refused change as the API tells it; anything else as it is. */
export function toRefusal(error: unknown): unknown {
  if (!(error instanceof ChangeRefused)) return error
  return error.refusal === 'invalid' ? invalid(error.faults) : REFUSALS[error.refusal](error.faults.length > 0 ? error.message : (UNSAID[error.refusal] ?? ''))
}
