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
  /** Applications that others offer. */
  readonly offers: readonly { readonly name: string; readonly href: string }[]
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
  /** Registered and not used; words `dashboard.unused.<kind>.never` and `.stale`. */
  readonly unused: readonly { readonly kind: 'redirect_uri' | 'scope'; readonly value: string; readonly since: Date; readonly everUsed: boolean }[]
  readonly removeHref?: string | undefined
  readonly transferHref?: string | undefined
  readonly done?: string | undefined
}

/** One list of addresses: a form of its own. */
export interface AddressListModel {
  readonly list: string
  readonly action: string
  readonly csrf: string
  readonly fields: readonly { readonly value: string; readonly fault?: { readonly fault: string; readonly instead?: string | undefined } | undefined }[]
  /** The field that was just added has the focus. */
  readonly added?: number | undefined
  readonly mayAdd: boolean
  /** Plain http is among them. */
  readonly insecure?: string | undefined
  readonly accepted: boolean
}

export interface DashboardAddressesModel extends DashboardPageModel {
  readonly head: ClientHead
  readonly mayChange: boolean
  readonly lists: readonly AddressListModel[]
}

export interface DashboardSecretsModel extends DashboardPageModel {
  readonly head: ClientHead
  readonly csrf: string
  readonly rows: readonly { readonly id: string; readonly hint: string; readonly since: Date; readonly until?: Date | undefined; readonly usedOn?: Date | undefined }[]
  readonly addAction?: string | undefined
  readonly retireAction?: string | undefined
  readonly done?: string | undefined
}

export interface DashboardLookModel extends DashboardFormModel {
  readonly head: ClientHead
  readonly names: readonly { readonly language: string; readonly own: string; readonly value: string }[]
  readonly links: readonly { readonly name: string; readonly value: string }[]
  readonly contacts: string
  readonly mayChange: boolean
  readonly faults: readonly FieldFault[]
}

export interface DashboardSnippetsModel extends DashboardPageModel {
  readonly head: ClientHead
  /** `name` is the language's own. */
  readonly languages: readonly DashboardLink[]
  readonly code: string
  readonly needsSecret: boolean
}

export interface DashboardConfigModel extends DashboardPageModel {
  readonly head: ClientHead
  readonly yaml: string
  readonly command: string
}

export interface DashboardRemoveModel extends DashboardFormModel {
  readonly head: ClientHead
  readonly people: number
  /** Another name was typed. */
  readonly wrong: boolean
  readonly backHref: string
}

export interface DashboardTransferModel extends DashboardFormModel {
  readonly head: ClientHead
  /** The organization that it is offered to. Of an offer to a person nothing is said: it would tell who there is. */
  readonly offer?: { readonly to: string; readonly until: Date } | undefined
  readonly wrong: boolean
  readonly backHref: string
}

/** What another owner offers. */
export interface DashboardOfferModel extends DashboardFormModel {
  readonly name: string
  readonly clientId: string
  readonly to?: string | undefined
  readonly backHref: string
}

export interface TeamRow {
  readonly id: string
  readonly name: string
  readonly address?: string | undefined
  readonly role: string
  readonly since: Date
  readonly self: boolean
}

export interface DashboardTeamModel extends DashboardPageModel {
  /** Nothing when somebody acts for themselves. */
  readonly organization?: string | undefined
  readonly rows: readonly TeamRow[]
  /** Where the list goes on. */
  readonly nextHref?: string | undefined
  readonly roles: readonly string[]
  readonly mayManage: boolean
  /** Where somebody who may change it signs in again first. */
  readonly changeHref?: string | undefined
  readonly action?: string | undefined
  readonly csrf?: string | undefined
  readonly done?: string | undefined
}

/** What failed lately. `words` is the name of the message for the cause, where there is one. */
export interface DashboardLogModel extends DashboardPageModel {
  readonly head: ClientHead
  readonly people: number
  /** Different people this week; a number that is not there is too small to be told. */
  readonly week?: { readonly people?: number | undefined } | undefined
  /** YYYY-MM-DD, the latest first. */
  readonly days: readonly { readonly day: string; readonly logins?: number | undefined; readonly tokens: number; readonly failures: number }[]
  readonly causes: readonly { readonly cause: string; readonly words?: string | undefined; readonly count: number }[]
  readonly rows: readonly { readonly reference: string; readonly at: Date; readonly endpoint: string; readonly cause: string; readonly words?: string | undefined; readonly level: string; readonly href: string }[]
  readonly refreshHref: string
}

export interface DashboardViews {
  readonly 'dashboard-log': DashboardLogModel
  readonly 'dashboard-addresses': DashboardAddressesModel
  readonly 'dashboard-secrets': DashboardSecretsModel
  readonly 'dashboard-look': DashboardLookModel
  readonly 'dashboard-snippets': DashboardSnippetsModel
  readonly 'dashboard-config': DashboardConfigModel
  readonly 'dashboard-remove': DashboardRemoveModel
  readonly 'dashboard-transfer': DashboardTransferModel
  readonly 'dashboard-offer': DashboardOfferModel
  readonly 'dashboard-team': DashboardTeamModel
  readonly 'dashboard-clients': DashboardClientsModel
  readonly 'dashboard-register': DashboardRegisterModel
  readonly 'dashboard-secret': DashboardSecretModel
  readonly 'dashboard-client': DashboardClientModel
}
