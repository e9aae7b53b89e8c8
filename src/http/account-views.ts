import type { ScopeItem } from './scope-item.ts'

// What the account pages are told. A section keeps its models in a file of its own, and extends AccountViews there or here.

/** What stands around each of the account pages. */
export interface AccountFrame {
  readonly person: { readonly name: string; readonly address?: string | undefined }
  /** The words of a link are `account.section.<name>`. */
  readonly sections: readonly { readonly name: string; readonly href: string; readonly current: boolean }[]
  readonly switchHref: string
  readonly signOutHref: string
}

export interface AccountPageModel {
  readonly frame: AccountFrame
}

/** A sign-in is needed first. */
export interface AccountAgainModel {
  /** The name of the message that says why. */
  readonly reason: string
  /** Who is signed in, but too long ago. */
  readonly name?: string | undefined
  readonly signInHref: string
  readonly backHref?: string | undefined
}

/** What is known of the person, in the order in which it is shown; words `account.fact.<name>`. */
export const accountFacts = ['name', 'given-name', 'family-name', 'nickname', 'username', 'email', 'phone', 'address', 'birthdate', 'organization'] as const
export type AccountFact = (typeof accountFacts)[number]

export interface AccountOverviewModel extends AccountPageModel {
  readonly facts: Readonly<Partial<Record<AccountFact, string | undefined>>>
  readonly emailVerified: boolean
  readonly groups: readonly string[]
  /** The institution of this sign-in, as far as it has a name. */
  readonly institution?: string | undefined
}

/** An application that may have something of the person. */
export interface ApplicationRow {
  readonly id: string
  readonly name: string
  readonly owner?: string | undefined
  readonly items: readonly ScopeItem[]
  readonly since: Date
  readonly usedOn?: Date | undefined
  /** Also while the person is signed out. */
  readonly offline: boolean
  readonly devices: number
  /** Where the application starts a sign-in at our word, if it does. */
  readonly openHref?: string | undefined
  readonly detailsHref: string
  readonly removeHref: string
}

export interface AccountApplicationsModel extends AccountPageModel {
  readonly rows: readonly ApplicationRow[]
  /** How many the search found, and how many there are. */
  readonly found: number
  readonly total: number
  readonly query: string
  readonly searchAction: string
  readonly previousHref?: string | undefined
  readonly nextHref?: string | undefined
  /** Name of the application that was just removed. */
  readonly removed?: string | undefined
  /** All of them were just removed. */
  readonly allRemoved: boolean
  readonly removeAllHref?: string | undefined
}

/** The question before an application is removed. */
export interface AccountApplicationRemoveModel extends AccountPageModel {
  readonly action: string
  readonly csrf: string
  readonly row: ApplicationRow
  readonly backHref: string
  readonly homeHref?: string | undefined
  readonly policyHref?: string | undefined
  readonly contacts: readonly string[]
}

/** One sign-in of the person in some browser. */
export interface SessionRow {
  readonly id: string
  /** `Firefox`, `Windows`: as far as they are known. */
  readonly browser?: string | undefined
  readonly system?: string | undefined
  /** Where it was signed in, in the words of a proxy. */
  readonly place?: string | undefined
  readonly institution?: string | undefined
  readonly since: Date
  readonly seenAt: Date
  /** The one that shows the page. */
  readonly current: boolean
  /** On a shared computer. */
  readonly shared: boolean
  readonly endHref: string
}

/** An account that this device remembers, whoever's it is. */
export interface RememberedRow {
  readonly id: string
  readonly name: string
  readonly address?: string | undefined
  readonly institution?: string | undefined
  readonly initials: string
  readonly own: boolean
  readonly forgetHref: string
}

export interface AccountSessionsModel extends AccountPageModel {
  readonly rows: readonly SessionRow[]
  /** When there are others than this one. */
  readonly endOthersHref?: string | undefined
  readonly remembered: readonly RememberedRow[]
  /** What was just done. */
  readonly done?: 'ended' | 'others' | 'forgotten' | undefined
}

/** The question before one session is ended, or all others: `offline=1` ends also what goes on without a session. */
export interface AccountSessionEndModel extends AccountPageModel {
  readonly action: string
  readonly csrf: string
  readonly row?: SessionRow | undefined
  readonly backHref: string
}

/** The question before this device forgets an account (C-06). */
export interface AccountForgetModel extends AccountPageModel {
  readonly action: string
  readonly csrf: string
  readonly row: RememberedRow
  readonly backHref: string
}

/** One thing that happened; its words are `account.history.<event>`, with the names that they need. */
export interface HistoryRow {
  readonly id: string
  readonly at: Date
  readonly event: string
  readonly client: string
  readonly provider: string
}

export interface AccountHistoryModel extends AccountPageModel {
  readonly rows: readonly HistoryRow[]
  readonly newestHref?: string | undefined
  readonly olderHref?: string | undefined
  readonly historyHref: string
  readonly dataHref: string
}

export interface AccountViews {
  readonly 'account-history': AccountHistoryModel
  readonly 'account-sessions': AccountSessionsModel
  readonly 'account-session-end': AccountSessionEndModel
  readonly 'account-forget': AccountForgetModel
  readonly 'account-applications': AccountApplicationsModel
  readonly 'account-application-remove': AccountApplicationRemoveModel
  readonly 'account-again': AccountAgainModel
  readonly 'account-overview': AccountOverviewModel
}
