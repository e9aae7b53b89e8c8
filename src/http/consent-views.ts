import type { AccountPageModel, ApplicationRow } from './account-views.ts'
import type { ScopeItem } from './scope-item.ts'

// What the pages around the consent page are told.

/** The person's institution does not let them use the application; its words are `not-allowed.<why>`. Buttons `name=decision value=ask|leave`. */
export interface NotAllowedModel {
  readonly action: string
  readonly csrf: string
  readonly clientName: string
  readonly why: 'blocked' | 'unapproved' | 'too-young'
  readonly institution: string
  /** With `too-young`: from which age on. */
  readonly age?: number | undefined
  /** Whom to ask; the institution's help desk when left out. */
  readonly contact?: { readonly name?: string | undefined; readonly href?: string | undefined } | undefined
  /** Whether the institution can be written to from here. */
  readonly canAsk: boolean
  /** The person has asked already. */
  readonly asked: boolean
  readonly switchHref: string
}

/** One thing that an application may have, and when it last got it. */
export interface GivenScope {
  readonly item: ScopeItem
  readonly usedOn?: Date | undefined
  /** Whether it can be taken back alone. */
  readonly removable: boolean
}

/** One consent with an end; its state is `account.consent.<status>`. */
export interface GivenConsentRow {
  readonly id: string
  readonly items: readonly ScopeItem[]
  readonly status: 'active' | 'used' | 'expired' | 'withdrawn'
  readonly since: Date
  readonly until: Date
  readonly uses: number
  readonly usedOn?: Date | undefined
}

/** Everything about one application (M5.9). Buttons `name=scope` and `name=consent`, with what is taken back. */
export interface AccountApplicationModel extends AccountPageModel {
  readonly row: ApplicationRow
  readonly action: string
  readonly csrf: string
  readonly scopes: readonly GivenScope[]
  readonly consents: readonly GivenConsentRow[]
  /** What was just taken back. */
  readonly removed?: ScopeItem | 'consent' | undefined
  readonly receiptHref: string
  readonly backHref: string
}

/** The question before everything is taken back. */
export interface AccountApplicationsRemoveModel extends AccountPageModel {
  readonly action: string
  readonly csrf: string
  readonly names: readonly string[]
  readonly backHref: string
}

export interface ConsentViews {
  readonly 'account-application': AccountApplicationModel
  readonly 'account-applications-remove': AccountApplicationsRemoveModel
  readonly 'not-allowed': NotAllowedModel
}
