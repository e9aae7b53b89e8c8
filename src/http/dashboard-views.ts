// What the dashboard's pages are told. Words of a section are `dashboard.section.<name>`, of a tab `dashboard.tab.<name>`.

/** Whom somebody can act for; without a name, themselves. */
export interface ActingChoice {
  readonly name?: string | undefined
  readonly href: string
  readonly current: boolean
}

export interface DashboardLink {
  readonly name: string
  readonly href: string
  readonly current: boolean
}

/** What stands around each of the dashboard's pages. */
export interface DashboardFrame {
  readonly person: string
  /** For whom the page is; without one, for the person themselves. */
  readonly acting?: string | undefined
  readonly choices: readonly ActingChoice[]
  readonly sections: readonly DashboardLink[]
  readonly accountHref: string
  readonly switchHref: string
  readonly signOutHref: string
}

export interface DashboardPageModel {
  readonly desk: DashboardFrame
}

/** A form of the dashboard. */
export interface DashboardFormModel extends DashboardPageModel {
  readonly action: string
  readonly csrf: string
}

/** What is wrong in a field; words `dashboard.<area>.<fault>`. */
export interface FieldFault {
  readonly field: string
  readonly fault: string
  /** What to type in its place. */
  readonly instead?: string | undefined
}

export interface ClientRow {
  readonly id: string
  readonly name: string
  readonly kind: string
  readonly status: string
  /** Plain http to another machine. */
  readonly insecure: boolean
  /** How many people let it have something. */
  readonly people: number
  readonly href: string
}

export interface DashboardClientsModel extends DashboardPageModel {
  readonly rows: readonly ClientRow[]
  readonly found: number
  readonly total: number
  readonly query: string
  readonly kind: string
  readonly sort: string
  readonly owner: string
  readonly sorts: readonly DashboardLink[]
  /** Somebody who may register. */
  readonly registerHref?: string | undefined
  readonly previousHref?: string | undefined
  readonly nextHref?: string | undefined
  readonly done?: string | undefined
}

export interface DashboardRegisterModel extends DashboardFormModel {
  /** Drawn with the page: the same form sent twice registers once. */
  readonly clientId: string
  readonly name: string
  readonly kind: string
  readonly kinds: readonly string[]
  readonly address: string
  readonly owner: string
  readonly owners: readonly { readonly value: string; readonly name?: string | undefined }[]
  readonly faults: readonly FieldFault[]
  /** Plain http was typed: the sentence that everybody will see, and the box that accepts it. */
  readonly insecure?: { readonly origin: string; readonly accepted: boolean } | undefined
}

/** What stands above everything about one application. */
export interface ClientHead {
  readonly id: string
  readonly name: string
  readonly kind: string
  readonly status: string
  readonly tabs: readonly DashboardLink[]
  /** Plain http origins that people are warned of. */
  readonly insecure: readonly string[]
  readonly previewHref?: string | undefined
  readonly configHref: string
  readonly tryHref?: string | undefined
}

/** A secret, told this once. */
export interface DashboardSecretModel extends DashboardPageModel {
  readonly head: ClientHead
  /** Just registered; else another secret was drawn. */
  readonly made: boolean
  readonly secret?: string | undefined
  readonly discovery: string
  /** The file with the settings: a form, for the secret is in nobody's address. */
  readonly action: string
  readonly csrf: string
  readonly snippetsHref: string
  readonly clientHref: string
}

export interface DashboardClientModel extends DashboardPageModel {
  readonly head: ClientHead
  readonly discovery: string
  readonly owner?: string | undefined
  readonly grants: readonly string[]
  readonly method: string
  readonly scopes: readonly string[]
  readonly addresses: readonly string[]
  readonly people: number
  readonly removeHref?: string | undefined
  readonly transferHref?: string | undefined
  readonly done?: string | undefined
}

export interface DashboardViews {
  readonly 'dashboard-clients': DashboardClientsModel
  readonly 'dashboard-register': DashboardRegisterModel
  readonly 'dashboard-secret': DashboardSecretModel
  readonly 'dashboard-client': DashboardClientModel
}
