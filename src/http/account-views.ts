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

export interface AccountViews {
  readonly 'account-again': AccountAgainModel
  readonly 'account-overview': AccountOverviewModel
}
