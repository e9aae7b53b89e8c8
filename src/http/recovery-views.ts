import type { AccountPageModel } from './account-views.ts'

// What the pages around forgotten passwords and new accounts are told.

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

/** A new account: fields `name`, `email`, `password`. */
export interface SignUpModel extends JourneyModel, FormModel {
  readonly providerName: string
  readonly name: string
  readonly email: string
  readonly shortest: number
  readonly nameProblem?: 'empty' | undefined
  readonly emailProblem?: 'not-an-address' | undefined
  /** The password's. */
  readonly problem?: PasswordProblem | undefined
  /** No more mails until then. */
  readonly until?: Date | undefined
  readonly existingHref: string
}

/** Where to make an account, when there is a choice. */
export interface SignUpWhereModel extends JourneyModel {
  readonly places: readonly { readonly name: string; readonly href: string }[]
  readonly existingHref: string
}

/** The code that went to the address: field `code`. */
export interface SignUpCodeModel extends JourneyModel, FormModel {
  readonly minutes: number
  /** Wrong code; somebody else made the account meanwhile; or there is nothing to prove here (any more). */
  readonly problem?: 'wrong' | 'taken' | 'over' | undefined
  readonly againHref: string
  readonly existingHref: string
}

/** Password and address of an account that is kept here (left out: the account has neither). Fields `password` and `email`. */
export interface AccountPasswordModel extends AccountPageModel, FormModel {
  readonly emailAction?: string | undefined
  readonly username?: string | undefined
  readonly address?: string | undefined
  readonly isConfirmed: boolean
  readonly shortest: number
  readonly problem?: PasswordProblem | undefined
  readonly emailProblem?: 'not-an-address' | 'throttled' | undefined
  readonly done?: 'password' | 'sent' | undefined
}

/** The page of a link to a new address. */
export interface AddressConfirmModel {
  readonly state: 'ask' | 'over' | 'done'
  readonly address?: string | undefined
  readonly action?: string | undefined
  readonly csrf?: string | undefined
}

export interface RecoveryViews {
  readonly 'account-password': AccountPasswordModel
  readonly 'address-confirm': AddressConfirmModel
  readonly 'sign-up': SignUpModel
  readonly 'sign-up-where': SignUpWhereModel
  readonly 'sign-up-code': SignUpCodeModel
  readonly forgotten: ForgottenModel
  readonly 'forgotten-sent': ForgottenSentModel
  readonly reset: ResetModel
  readonly 'reset-over': ResetOverModel
  readonly 'reset-done': ResetDoneModel
}
