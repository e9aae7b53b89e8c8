// What the pages about a sign-in at a provider are told.

/** A sign-in at a provider that came to nothing (U-02, U-05). `over-unnamed`: of no journey that is known here. Button `name=decision value=leave`. */
export interface UpstreamModel {
  readonly problem: 'refused' | 'unavailable' | 'invalid' | 'incomplete' | 'locked' | 'over' | 'over-unnamed'
  readonly clientName: string
  readonly providerName: string
  /** Eight characters, `7F3K-92QD`. */
  readonly reference: string
  readonly time: Date
  /** With `incomplete`: what the institution did not say, `subject` or a claim (U-03). */
  readonly missing?: readonly string[] | undefined
  /** Where the institution says what to do about it: a page, or a mail address. */
  readonly helpHref?: string | undefined
  readonly retryHref?: string | undefined
  readonly restartHref?: string | undefined
  readonly discoveryHref?: string | undefined
  /** Ends the journey: back to the application. */
  readonly action?: string | undefined
  readonly csrf?: string | undefined
}

interface Somebody {
  readonly name: string
  readonly address?: string | undefined
}

/** Somebody else came back from the provider than was chosen (C-05). Buttons `name=decision value=continue|switch`. */
export interface UnexpectedUserModel {
  readonly clientName: string
  readonly action: string
  readonly csrf: string
  readonly providerName: string
  readonly chosen: Somebody
  readonly arrived: Somebody
}
