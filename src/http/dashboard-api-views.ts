import type { ClientHead, DashboardFormModel, DashboardPageModel } from './dashboard-views.ts'

// What the dashboard's pages about scopes and APIs are told.

/** A scope of an API that an application asks for, and how that stands; words `dashboard.wish.<state>`. */
export interface WishRow {
  readonly scope: string
  readonly state: string
  readonly reason?: string | undefined
  readonly title?: string | undefined
  readonly approver?: string | undefined
  readonly askedAt?: Date | undefined
  readonly realms: readonly { readonly realm: string; readonly approved: boolean; readonly reason?: string | undefined }[]
}

export interface DashboardAccessModel extends DashboardFormModel {
  readonly head: ClientHead
  readonly mayChange: boolean
  readonly standard: readonly { readonly scope: string; readonly asked: boolean; readonly optional: boolean }[]
  readonly wishes: readonly WishRow[]
  readonly optional: readonly string[]
  readonly typed: string
  readonly fault?: string | undefined
  readonly done?: string | undefined
}

export interface DashboardApisModel extends DashboardPageModel {
  readonly organization?: string | undefined
  readonly rows: readonly { readonly id: string; readonly name: string; readonly isOff: boolean; readonly audience?: string | undefined; readonly scopes: number; readonly href: string }[]
  readonly registerHref?: string | undefined
}

export interface DashboardApiNewModel extends DashboardFormModel {
  readonly values: readonly { readonly name: string; readonly value: string }[]
  readonly approvals: readonly string[]
  readonly approval: string
  /** In the words of the schema. */
  readonly faults: readonly string[]
}

export interface DashboardApiModel extends DashboardPageModel {
  readonly id: string
  readonly name: string
  readonly audience?: string | undefined
  readonly approval: string
  readonly scopes: readonly { readonly value: string; readonly title: string; readonly description?: string | undefined; readonly approval: string; readonly missing: readonly string[]; readonly href?: string | undefined }[]
  readonly upstream?: string | undefined
  readonly isOff: boolean
  readonly settingsHref?: string | undefined
  readonly addHref?: string | undefined
  readonly yaml: string
  readonly done?: string | undefined
}

/** An API as a whole; ways to prove oneself to it are `dashboard.api.auth.<auth>`. Its secret is never shown. */
export interface DashboardApiSettingsModel extends DashboardFormModel {
  readonly id: string
  readonly names: readonly { readonly language: string; readonly own: string; readonly value: string }[]
  readonly audience: string
  /** Where it is at the gatekeeper. */
  readonly address: string
  readonly upstream: string
  readonly auths: readonly string[]
  readonly auth: string
  readonly username: string
  readonly header: string
  readonly certificate: string
  readonly timeout: string
  readonly requireUser: boolean
  readonly isOff: boolean
  /** An operator switched it off: nobody else switches it on. */
  readonly isHeld: boolean
  /** In the words of the schema. */
  readonly faults: readonly string[]
  readonly backHref: string
}

export interface DashboardApiScopeModel extends DashboardFormModel {
  readonly apiId: string
  readonly isNew: boolean
  readonly name: string
  readonly texts: readonly { readonly language: string; readonly own: string; readonly title: string; readonly description: string }[]
  readonly approvals: readonly string[]
  readonly approval: string
  /** Names of messages, or the schema's own words. */
  readonly faults: readonly string[]
  readonly backHref: string
}

/** What an application asks for, to whoever decides. */
export interface RequestRow {
  readonly id: string
  readonly clientId: string
  readonly client: string
  readonly owner?: string | undefined
  readonly scope: string
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly realm?: string | undefined
  readonly state: string
  readonly reason?: string | undefined
  readonly askedAt: Date
  /** Scopes of the same API that it has already. */
  readonly has: readonly string[]
}

export interface DashboardRequestsModel extends DashboardFormModel {
  readonly organization?: string | undefined
  readonly own: readonly RequestRow[]
  readonly waiting: readonly RequestRow[]
  readonly decided: readonly RequestRow[]
  readonly done?: string | undefined
}

export interface DashboardApiViews {
  readonly 'dashboard-access': DashboardAccessModel
  readonly 'dashboard-apis': DashboardApisModel
  readonly 'dashboard-api-new': DashboardApiNewModel
  readonly 'dashboard-api': DashboardApiModel
  readonly 'dashboard-api-settings': DashboardApiSettingsModel
  readonly 'dashboard-api-scope': DashboardApiScopeModel
  readonly 'dashboard-requests': DashboardRequestsModel
}
