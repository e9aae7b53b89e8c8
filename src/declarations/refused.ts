/** One thing wrong with what somebody says: `path` names the member, as in `redirect_uris[0]`. */
export interface ChangeFault {
  readonly path: string
  /** A whole sentence that names the member. */
  readonly message: string
}

/** `not_found` also where somebody may not read it; `stale`: it is not as they saw it; `in_use`: something names it. */
export type Refusal = 'not_found' | 'forbidden' | 'invalid' | 'exists' | 'stale' | 'in_use'

/** Why a change was not made. Nothing was changed. */
export class ChangeRefused extends Error {
  readonly refusal: Refusal
  readonly faults: readonly ChangeFault[]
  constructor(refusal: Refusal, faults: readonly ChangeFault[] = []) {
    super(faults.length === 0 ? refusal : faults.map(({ message }) => message).join('; '))
    this.refusal = refusal
    this.faults = faults
  }
}
