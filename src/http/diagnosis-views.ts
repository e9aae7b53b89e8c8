import type { DashboardPageModel } from './dashboard-views.ts'
import type { MessageValues } from './messages.ts'

/** A value in three pieces: the middle one is where it differs from the other. */
export interface MarkedValue {
  readonly start: string
  readonly different: string
  readonly end: string
}

/** One line of "you sent / we expected". */
export interface ComparedRow {
  readonly name: string
  readonly sent?: MarkedValue | undefined
  readonly expected?: MarkedValue | undefined
}

/** Why a request failed. Words are `diagnosis.cause.<cause>`, `diagnosis.hint.<name>`, `diagnosis.fix.<fix>`. */
export interface DashboardDiagnosisModel extends DashboardPageModel {
  readonly level: 'refused' | 'warning'
  readonly reference: string
  readonly at: Date
  readonly clientId?: string | undefined
  readonly clientName?: string | undefined
  readonly clientHref?: string | undefined
  readonly tryHref?: string | undefined
  /** Method and path. */
  readonly request: string
  /** What the sender was told. */
  readonly answered?: string | undefined
  readonly cause: string
  readonly hints: readonly { readonly name: string; readonly values?: MessageValues }[]
  readonly compared: readonly ComparedRow[]
  readonly fix: string
  readonly rule: string
  readonly similar: number
  readonly parameters: readonly (readonly [name: string, value: string])[]
  /** Something in it is a keyed hash. */
  readonly hashed: boolean
  /** The address that one click registers. */
  readonly add?: { readonly action: string; readonly csrf: string; readonly address: string } | undefined
  readonly done?: 'added' | 'not_added' | undefined
}

export interface DiagnosisViews {
  readonly 'dashboard-diagnosis': DashboardDiagnosisModel
}
