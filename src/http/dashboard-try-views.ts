import type { ClientHead, DashboardPageModel } from './dashboard-views.ts'

// What the pages are told on which a developer signs in with an application, as people will. Words of a step are `dashboard.try.<id>`.

/** A request and its answer, as they went over the wire; secrets are not in it. */
export interface TriedExchange {
  readonly id: 'answer' | 'token' | 'userinfo'
  readonly request: string
  readonly answer?: { readonly status: number; readonly good: boolean; readonly text: string; readonly diagnosisHref?: string | undefined } | undefined
}

/** One rule of the protocol that the application has to keep; its name is the protocol's own. */
export interface TriedCheck {
  readonly name: string
  readonly value: string
  readonly good: boolean
}

/** How to go on with a code. */
export interface TradeForm {
  readonly action: string
  readonly csrf: string
  readonly state: string
  readonly code: string
  readonly needsSecret: boolean
}

export interface DashboardTryModel extends DashboardPageModel {
  readonly head: ClientHead
  /** Where the answer comes back to. */
  readonly address: string
  /** The application takes answers there: then it can begin. */
  readonly startHref?: string | undefined
  /** It does not, and this person may let it. */
  readonly add?: { readonly action: string; readonly csrf: string } | undefined
  readonly refused: boolean
  readonly exchanges: readonly TriedExchange[]
  readonly checks: readonly TriedCheck[]
  readonly trade?: TradeForm | undefined
  readonly addressesHref: string
}

export interface DashboardTryViews {
  readonly 'dashboard-try': DashboardTryModel
}
