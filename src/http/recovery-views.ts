// What the pages around forgotten passwords are told.

interface FormModel {
  readonly action: string
  readonly csrf: string
}

interface JourneyModel {
  readonly clientName: string
}

/** Who has forgotten a password, and where. One field, `username`. */
export interface ForgottenModel extends JourneyModel, FormModel {
  readonly providerName: string
  readonly username: string
  readonly error?: 'empty' | 'throttled' | undefined
  /** With `throttled`: when the next mail may be asked for. */
  readonly until?: Date | undefined
  readonly backHref: string
}

/** The same for everybody, known or not. */
export interface ForgottenSentModel extends JourneyModel {
  readonly minutes: number
  readonly againHref: string
  readonly backHref: string
}

export type PasswordProblem = 'too-short' | 'too-long' | 'common' | 'about-you' | 'busy'

/** A new password: fields `username` (for password managers) and `password`. */
export interface ResetModel extends FormModel {
  readonly username: string
  readonly shortest: number
  readonly problem?: PasswordProblem | undefined
}

export interface ResetOverModel {
  /** The journey in this browser, where there is one. */
  readonly continueHref?: string | undefined
}

export interface ResetDoneModel {
  /** Leads to the sign-in of the journey that this browser is on; left out on another device. */
  readonly continueHref?: string | undefined
}

export interface RecoveryViews {
  readonly forgotten: ForgottenModel
  readonly 'forgotten-sent': ForgottenSentModel
  readonly reset: ResetModel
  readonly 'reset-over': ResetOverModel
  readonly 'reset-done': ResetDoneModel
}
