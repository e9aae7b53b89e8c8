/**
 * What each page is told: plain values, one model a view. Owns the contract between the journey and the templates; does not
 * own how it looks (`views/`) nor how it is sent (`pages.ts`). Names and texts of other parties are given for the page's
 * language already (`localized` of `locale.ts`); the service's own sentences are the templates'.
 */

import type { AccountViews } from './account-views.ts'
import type { AdminViews } from './admin-views.ts'
import type { ConsentViews } from './consent-views.ts'
import type { DashboardApiViews } from './dashboard-api-views.ts'
import type { DashboardTryViews } from './dashboard-try-views.ts'
import type { DashboardViews } from './dashboard-views.ts'
import type { DeviceViews } from './device-views.ts'
import type { DiagnosisViews } from './diagnosis-views.ts'
import type { DiscoveryViews } from './discovery-views.ts'
import type { DemoHomeModel, DemoModel } from './demo-model.ts'
import type { DetailItem } from './detail-item.ts'
import type { ScopeItem } from './scope-item.ts'
import type { GroupsViews } from './groups-views.ts'
import type { LinkingViews } from './linking-views.ts'
import type { RecoveryViews } from './recovery-views.ts'
import type { FactorViews, PasskeyForm } from './factor-views.ts'
import type { UnexpectedUserModel, UpstreamModel } from './upstream-model.ts'

export interface Person {
  readonly name: string
  readonly address?: string | undefined
}

/** A plain http redirect URI: `origin` is shown to the person, `loopback` changes the words (S-07, S-10). */
export interface InsecureRedirect {
  readonly origin: string
  readonly loopback: boolean
}

/** What every page of the journey knows. */
export interface JourneyModel {
  readonly clientName: string
  readonly insecure?: InsecureRedirect | undefined
  readonly restartHref?: string | undefined
}

/** A form of ours: where it goes, and the token that proves that the person saw it. */
export interface FormModel {
  readonly action: string
  readonly csrf: string
}

/** What a client says about itself. `logoUri` of another origin shows only with `imageSource` in the options of `page`. */
export interface ClientLinks {
  readonly logoUri?: string | undefined
  readonly policyUri?: string | undefined
  readonly tosUri?: string | undefined
}

export interface AccountRow {
  readonly id: string
  readonly name: string
  readonly address?: string | undefined
  readonly institution?: string | undefined
  readonly initials: string
  readonly state: 'signed-in' | 'sign-in-again' | 'not-accepted'
  /** For `not-accepted`: why, in the page's language; a general sentence when left out. */
  readonly reason?: string | undefined
  /** Named by `login_hint`: gets the focus. Put it first. */
  readonly hinted: boolean
}

export interface ChooserModel extends JourneyModel, FormModel {
  readonly accounts: readonly AccountRow[]
  readonly otherHref: string
  readonly manageHref?: string | undefined
}

/** Removing accounts from this browser: buttons `name=remove value=<id>`. */
export interface ChooserManageModel extends FormModel {
  readonly clientName?: string | undefined
  readonly accounts: readonly AccountRow[]
  readonly backHref: string
  /** Name of the account that was just removed. */
  readonly removed?: string | undefined
}

export interface LoginModel extends JourneyModel, FormModel, ClientLinks {
  readonly providerName: string
  readonly username: string
  readonly usernameReadonly?: boolean | undefined
  /** `throttled`: wrong for this account too often; `network`: for any accounts, from where the person is. */
  readonly error?: 'credentials' | 'throttled' | 'network' | 'busy' | 'locked' | 'passkey' | undefined
  /** With `throttled` and `network`: when the next attempt is allowed. */
  readonly until?: Date | undefined
  readonly discoveryHref?: string | undefined
  readonly resetHref?: string | undefined
  readonly signUpHref?: string | undefined
  /** The institution's own words about the user name. */
  readonly hint?: string | undefined
  readonly sharedComputer: boolean
  readonly passkey?: PasskeyForm | undefined
}

export interface OptionalScopeItem extends ScopeItem {
  readonly checked: boolean
}

/** How long the consent lasts, from the real configuration (S-13). */
export type ConsentDuration =
  | { readonly kind: 'hours'; readonly hours: number }
  | { readonly kind: 'session'; readonly days: number }
  | { readonly kind: 'days'; readonly days: number }
  | { readonly kind: 'until-removed' }
  | { readonly kind: 'offline' }
  | { readonly kind: 'once' }

export interface ConsentModel extends JourneyModel, FormModel, ClientLinks {
  readonly clientId: string
  /** The host at which the application says itself who it is: nobody has registered it. */
  readonly describedAt?: string | undefined
  readonly person: Person
  readonly owner?: string | undefined
  readonly verified: boolean
  readonly institutionApproval?: { readonly institution: string; readonly approved: boolean } | undefined
  /** Left out for a custom scheme or loopback: "an application on this device". */
  readonly redirectOrigin?: string | undefined
  readonly items: readonly ScopeItem[]
  readonly optional: readonly OptionalScopeItem[]
  readonly authorizationDetails?: readonly DetailItem[] | undefined
  readonly already: readonly ScopeItem[]
  readonly duration: ConsentDuration
  readonly switchHref?: string | undefined
  readonly rawScopes: readonly string[]
  /** The person took it back then, and is asked again. */
  readonly removedOn?: Date | undefined
  /** Shown to those who run the application: nothing can be decided. */
  readonly preview?: boolean | undefined
}

/** The one page an http client always gets, also with consent (S-09). Buttons `name=decision value=allow|deny`. */
export interface InsecureWarningModel extends JourneyModel, FormModel {
  readonly insecure: InsecureRedirect
  readonly person?: Person | undefined
}

/** Where a page without a way on leads back to (G-16). */
export interface WayBackModel {
  readonly clientName?: string | undefined
  readonly restartHref?: string | undefined
  readonly homeHref?: string | undefined
}

export interface CookiesBlockedModel {
  readonly clientName?: string | undefined
  readonly retryHref: string
}

export interface TooManyAttemptsModel {
  readonly clientName: string
  readonly continueHref: string
}

/** What the person is advised to do, per kind of error; sentences are `error.<kind>.…` and `error.action.…` of the texts. */
export const errorActions = {
  'unknown-client': ['home', 'tell'],
  'client-disabled': ['home', 'tell'],
  'redirect-uri': ['home', 'tell'],
  'bad-request': ['home', 'tell'],
  'provider-not-accepted': ['restart', 'home', 'tell'],
  'stale-form': ['restart', 'retry'],
  forbidden: ['restart', 'tell'],
  'not-found': ['address', 'start-over'],
  'method-not-allowed': ['start-over'],
  'too-large': ['start-over'],
  'too-many-requests': ['wait', 'retry'],
  unavailable: ['wait', 'retry'],
  'server-error': ['wait', 'retry', 'tell'],
} as const satisfies Readonly<Record<string, readonly string[]>>

export type ErrorKind = keyof typeof errorActions

export interface ErrorModel {
  readonly kind: ErrorKind
  /** In the place of the kind's own words. */
  readonly heading?: string | undefined
  readonly explanation?: string | undefined
  /** In the place of the kind's own advice. */
  readonly actions?: readonly { readonly text: string; readonly href?: string | undefined }[] | undefined
  /** Eight characters, `7F3K-92QD`. */
  readonly reference: string
  readonly time: Date
  readonly clientName?: string | undefined
  readonly details?: {
    readonly error: string
    readonly description?: string | undefined
    readonly clientId?: string | undefined
    readonly parameter?: string | undefined
    /** For those who run the application, behind a sign-in (E-04). */
    readonly diagnosisHref?: string | undefined
  } | undefined
  /** The client's registered home page, never its redirect URI (E-06). */
  readonly homeHref?: string | undefined
  readonly supportHref?: string | undefined
  readonly retryHref?: string | undefined
  readonly restartHref?: string | undefined
}

/** Buttons `name=decision value=confirm|cancel`. */
export interface LogoutModel extends FormModel {
  readonly clientName?: string | undefined
  readonly accounts: readonly Person[]
}

export interface LoggedOutModel {
  readonly rows: readonly {
    readonly name: string
    readonly state: 'done' | 'unreachable' | 'may-remain' | 'institution'
    /** For `institution`: its own sign-out address. */
    readonly href?: string | undefined
  }[]
  readonly clientName?: string | undefined
  readonly backHref?: string | undefined
  /** The address the application asked to return to is not registered (O-05). */
  readonly returnRefused?: boolean | undefined
  readonly forgetAction?: string | undefined
  readonly csrf?: string | undefined
  /** The device was just forgotten. */
  readonly forgotten?: boolean | undefined
}

/** The page between a form of ours and another origin (`form-action 'self'` would stop a redirect there). */
export interface HandoffModel {
  readonly href: string
  readonly name: string
}

/** OAuth 2.0 Form Post Response Mode: pass the same address as `formAction` of the options of `page`. */
export interface FormPostModel {
  readonly action: string
  readonly name: string
  readonly fields: Readonly<Record<string, string>>
}

/** The service's own address, which is no application's. */
export interface HomeModel {
  /** For whoever is signed in. */
  readonly signOutHref?: string | undefined
}

/** While applications are told in frames that the session is over (OpenID Connect Front-Channel Logout 1.0); then, by script or by the link, on to `href`. */
export interface SigningOutModel {
  readonly frames: readonly string[]
  readonly href: string
}

/** The server was reached under another name than the issuer's (pages.md F-05). */
export interface WrongHostModel {
  readonly opened: string
  readonly issuer: string
}

interface SigninViews {
  readonly chooser: ChooserModel
  readonly 'chooser-manage': ChooserManageModel
  readonly login: LoginModel
  readonly consent: ConsentModel
  readonly 'insecure-warning': InsecureWarningModel
  readonly upstream: UpstreamModel
  readonly 'unexpected-user': UnexpectedUserModel
  readonly 'already-answered': WayBackModel
  readonly 'start-again': WayBackModel
  readonly 'cookies-blocked': CookiesBlockedModel
  readonly 'too-many-attempts': TooManyAttemptsModel
  readonly error: ErrorModel
  readonly home: HomeModel
  readonly 'wrong-host': WrongHostModel
  readonly logout: LogoutModel
  readonly 'logged-out': LoggedOutModel
  readonly 'signing-out': SigningOutModel
  readonly handoff: HandoffModel
  readonly 'form-post': FormPostModel
  readonly demo: DemoModel
  readonly 'demo-home': DemoHomeModel
}

/** Every view, with what it is told. An area of pages keeps its models in a file of its own. */
export interface Views extends SigninViews, DeviceViews, DiscoveryViews, AccountViews, AdminViews, ConsentViews, DashboardViews, DashboardApiViews, DashboardTryViews, FactorViews, GroupsViews, LinkingViews, RecoveryViews, DiagnosisViews {}
