import type { AccountPageModel } from './account-views.ts'

// What the pages about second factors and passkeys are told.

interface FactorForm {
  readonly action: string
  readonly csrf: string
}

/** The names of `signin/factors`: each has messages `factor.<name>.…`. */
export type FactorName = string

/** Where a passkey goes, and where the script gets what the authenticator signs. */
export interface PasskeyForm extends FactorForm {
  readonly optionsHref: string
  /** Takes the name of what went wrong in the browser. */
  readonly troubleHref?: string | undefined
}

/** One second factor is asked for (M-01 to M-03). Fields `code`, `trust`; buttons `send`, `cancel`. */
export interface FactorModel extends FactorForm {
  readonly clientName: string
  readonly method: FactorName
  readonly kind: 'code' | 'passkey'
  /** Whose it is: an address or a name. */
  readonly account: string
  /** Where a code was sent, shortened; with `kind` code only. */
  readonly sentTo?: string | undefined
  /** A code must be sent first: the page has a button for that and no field. */
  readonly mustSend?: boolean | undefined
  readonly error?: 'wrong' | 'expired' | 'used' | 'throttled' | 'exhausted' | 'passkey' | undefined
  /** Tries left, when there are few. */
  readonly left?: number | undefined
  readonly until?: Date | undefined
  /** The other methods of the person; left out when there are none. */
  readonly otherHref?: string | undefined
  /** To begin the sign-in again, when there are no more tries. */
  readonly restartHref?: string | undefined
  readonly mayTrust: boolean
  /** Where the script gets what the authenticator signs. */
  readonly optionsHref?: string | undefined
  readonly troubleHref?: string | undefined
}

/** All methods of the person (M-04). Radio `method`. */
export interface FactorMethodsModel extends FactorForm {
  readonly clientName: string
  readonly account: string
  readonly methods: readonly { readonly name: FactorName; readonly checked: boolean }[]
  readonly backHref: string
}

/** A picture of squares, as the path of an SVG. */
export interface QrPicture {
  readonly size: number
  readonly path: string
}

/** A secret to be put into an authenticator app (M-06). Fields `secret`, `code`. */
export interface AppSetup extends FactorForm {
  readonly picture: QrPicture
  /** In groups of four. */
  readonly key: string
  readonly otpauth: string
  /** Sealed: comes back with the form. */
  readonly sealed: string
  readonly wrong?: boolean | undefined
}

/** A second factor must be set up before the journey goes on, because somebody demands one. */
export interface FactorSetupModel extends AppSetup {
  readonly clientName: string
  readonly account: string
  /** Who demands it: an organization's name, or the application's when left out. */
  readonly demandedBy?: string | undefined
  /** A passkey can be made instead. */
  readonly passkey?: PasskeyForm | undefined
}

/** Ten codes, shown this once. */
export interface RecoveryCodesModel {
  readonly codes: readonly string[]
  readonly continueHref: string
  /** In a journey: on to this application. */
  readonly clientName?: string | undefined
}

/** What a person can prove, all on one page. Each form posts to its own address; `token` is for all of them. */
export interface AccountTwoStepModel extends AccountPageModel {
  readonly path: string
  readonly csrf: string
  readonly passkeys: readonly { readonly id: string; readonly name: string; readonly since: Date; readonly usedOn?: Date | undefined; readonly synced: boolean }[]
  readonly hasApp: boolean
  /** Left out where there is nothing to lose: no other factor. */
  readonly codesLeft?: number | undefined
  /** Codes by e-mail; left out where no mail can be sent or no address is verified. */
  readonly email?: { readonly address: string; readonly on: boolean } | undefined
  readonly devices: readonly { readonly id: string; readonly browser?: string | undefined; readonly system?: string | undefined; readonly since: Date; readonly until: Date }[]
  /** What was just done: `two-step.done.<name>`. */
  readonly done?: string | undefined
}

export interface AccountAppModel extends AccountPageModel, AppSetup {
  readonly backHref: string
}

export interface AccountPasskeyModel extends AccountPageModel, FactorForm {
  readonly id: string
  readonly name: string
  readonly backHref: string
}

/** Made by script: without one the page says so. Field `name`. */
export interface AccountPasskeyNewModel extends AccountPageModel, PasskeyForm {
  readonly backHref: string
}

/** Offered after a password (K-06). Button `decision` with `later`. */
export interface PasskeyOfferModel extends PasskeyForm {
  readonly clientName: string
}

export interface FactorViews {
  readonly 'passkey-offer': PasskeyOfferModel
  readonly 'account-passkey-new': AccountPasskeyNewModel
  readonly 'account-two-step': AccountTwoStepModel
  readonly 'account-app': AccountAppModel
  readonly 'account-passkey': AccountPasskeyModel
  readonly factor: FactorModel
  readonly 'factor-methods': FactorMethodsModel
  readonly 'factor-setup': FactorSetupModel
  readonly 'recovery-codes': RecoveryCodesModel
}
