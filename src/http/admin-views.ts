/**
 * What the operators' pages are told. Four kinds of pages show everything: the overview, a list, a thing, and the question before a change.
 * Names of messages are given without their beginning (`admin.column.`, `admin.word.` …): what the words are is the templates' matter.
 */

/** What stands around every page. */
export interface AdminFrame {
  readonly person: string
  readonly sections: readonly { readonly name: string; readonly href: string; readonly current: boolean }[]
}

export interface AdminPageModel {
  readonly admin: AdminFrame
  /** What was done a moment ago: `admin.done.<done>`. */
  readonly done?: string | undefined
}

/** A value of a table or of a list of facts. */
export type AdminCell =
  /** What others wrote: a name, a sentence. */
  | { readonly kind: 'text'; readonly text: string }
  /** An identifier, an address. */
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly href: string }
  /** A change of what the row is about: `admin.action.<action>`. */
  | { readonly kind: 'action'; readonly action: string; readonly href: string }
  /** One of our own words: `admin.word.<word>`. */
  | { readonly kind: 'word'; readonly word: string }
  | { readonly kind: 'moment'; readonly at: Date }
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'none' }

export interface AdminFact {
  readonly name: string
  readonly cells: readonly AdminCell[]
}

/** The first cell of a row names what the row is about. */
export interface AdminTable {
  /** `admin.table.<name>` is its caption, `admin.empty.<name>` what stands there instead of nothing. */
  readonly name: string
  readonly columns: readonly string[]
  readonly rows: readonly { readonly id: string; readonly cells: readonly AdminCell[] }[]
}

/** What `portner doctor` would say, in its words. */
export interface AdminFinding {
  readonly check: string
  readonly result: 'ok' | 'warn' | 'fail'
  readonly message: string
  readonly fix?: string | undefined
}

export interface AdminHomeModel extends AdminPageModel {
  readonly facts: readonly AdminFact[]
  readonly findings: readonly AdminFinding[]
  readonly tables: readonly AdminTable[]
}

/** A field of the form above a list: typed, or one of some words (`admin.word.<option>`). */
export interface AdminFilter {
  readonly name: string
  readonly value: string
  readonly options?: readonly string[] | undefined
  /** The options are names of the protocols' own, not words. */
  readonly codes?: boolean | undefined
  readonly hint?: boolean | undefined
}

export interface AdminListModel extends AdminPageModel {
  readonly section: string
  readonly action: string
  readonly filters: readonly AdminFilter[]
  readonly table: AdminTable
  readonly firstHref?: string | undefined
  readonly nextHref?: string | undefined
  /** `admin.action.<name>` */
  readonly actions: readonly AdminAction[]
}

export interface AdminAction {
  readonly name: string
  readonly href: string
}

export interface AdminThingModel extends AdminPageModel {
  readonly section: string
  readonly title: string
  readonly facts: readonly AdminFact[]
  readonly tables: readonly AdminTable[]
  readonly actions: readonly AdminAction[]
  readonly backHref: string
}

export interface AdminConfirmModel extends AdminPageModel {
  readonly action: string
  readonly csrf: string
  /** `admin.action.<question>` is the heading and the button, `admin.confirm.<question>` what follows from it. */
  readonly question: string
  /** Whom or what it is about. */
  readonly subject?: string | undefined
  /** Something to know before: `admin.note.<note>`. */
  readonly note?: string | undefined
  /** A reason is asked for; what was typed. */
  readonly reason?: { readonly value: string; readonly failed: boolean } | undefined
  /** A box to tick: `admin.box.<box>`. */
  readonly box?: string | undefined
  readonly backHref: string
}

export interface AdminViews {
  readonly 'admin-home': AdminHomeModel
  readonly 'admin-list': AdminListModel
  readonly 'admin-thing': AdminThingModel
  readonly 'admin-confirm': AdminConfirmModel
}
