import type { AccountPageModel } from './account-views.ts'

// What the account pages about ways to sign in are told.

export interface InstitutionRow {
  readonly id: string
  readonly name: string
  readonly since: Date
  readonly usedAt: Date
  /** Left out for the last way in. */
  readonly removeHref?: string | undefined
}

/** Institutions that the person signs in with. Buttons `name=provider value=<id>` begin to add one. */
export interface AccountInstitutionsModel extends AccountPageModel {
  readonly rows: readonly InstitutionRow[]
  /** The account has a password here. */
  readonly hasPassword: boolean
  readonly done?: 'added' | 'merged' | 'removed' | 'known' | 'last' | 'failed' | undefined
  readonly query: string
  readonly searchAction: string
  readonly found: readonly { readonly providerId: string; readonly name: string }[]
  readonly action: string
  readonly csrf: string
}

export interface AccountInstitutionRemoveModel extends AccountPageModel {
  readonly row: InstitutionRow
  readonly action: string
  readonly csrf: string
  readonly backHref: string
}

export interface JoinSide {
  readonly name: string
  readonly address?: string | undefined
  readonly institution: string
  readonly since: Date
  /** The one that stays. */
  readonly stays: boolean
}

/** Two accounts, both proven just now, before they become one. */
export interface AccountJoinModel extends AccountPageModel {
  readonly sides: readonly JoinSide[]
  readonly action: string
  readonly csrf: string
  readonly backHref: string
}

export interface LinkingViews {
  readonly 'account-institutions': AccountInstitutionsModel
  readonly 'account-institution-remove': AccountInstitutionRemoveModel
  readonly 'account-join': AccountJoinModel
}
