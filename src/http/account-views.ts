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

export interface AccountOverviewModel extends AccountPageModel {
  readonly facts: {
    readonly name?: string | undefined
    readonly username?: string | undefined
    readonly email?: string | undefined
    readonly organization?: string | undefined
    readonly groups: readonly string[]
  }
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

export interface AccountViews {
  readonly 'account-applications': AccountApplicationsModel
  readonly 'account-application-remove': AccountApplicationRemoveModel
  readonly 'account-again': AccountAgainModel
  readonly 'account-overview': AccountOverviewModel
}
