// What the pages around the choice of an institution are told.

export interface ProviderRow {
  readonly providerId: string
  readonly name: string
  readonly domain?: string | undefined
  /** One to three letters for the disc. */
  readonly initials: string
  /** The address of a small picture, ours, instead of the letters. */
  readonly logo?: string | undefined
  readonly href: string
  /** Shown, but not a link: with the reason in words. */
  readonly disabledReason?: 'not-accepted' | undefined
  /** It does not answer just now (U-05): still a link. */
  readonly troubled?: true | undefined
}

export interface RememberedProvider extends ProviderRow {
  readonly forgetAction: string
}

/** The list of institutions. */
export interface DiscoveryModel {
  readonly clientName: string
  readonly insecure?: { readonly origin: string; readonly loopback: boolean } | undefined
  readonly csrf: string
  readonly query: string
  readonly searchAction: string
  /** At most 25. With a query that finds nothing (`total` 0) these are the rows to browse instead. */
  readonly results: readonly ProviderRow[]
  readonly total: number
  readonly nextHref?: string | undefined
  readonly remembered: readonly RememberedProvider[]
  readonly countries: readonly { readonly code: string; readonly name: string; readonly selected: boolean }[]
  /** The country to which the list was narrowed, by name. */
  readonly chosenCountry?: string | undefined
  /** Named by the request and not accepted by the client: shown, not to be chosen. */
  readonly refused?: readonly ProviderRow[] | undefined
  /** Whether the person says that others use this computer, and the address of the same page with the other answer. */
  readonly shared: { readonly on: boolean; readonly toggleHref: string; readonly isSaid?: boolean | undefined }
  /** Where the page's script gets the institutions of the person's country ahead of the typing. */
  readonly nearbyHref?: string | undefined
  /** For who belongs to none. */
  readonly unlistedHref: string
  /** Two to six providers need no search field: false leaves it out. Default true. */
  readonly searchable?: boolean | undefined
}

/** An institution that the application does not accept (D-13). Button `name=decision value=leave`. */
export interface ProviderRefusedModel {
  readonly clientName: string
  readonly providerName: string
  readonly discoveryHref: string
  /** Ends the journey: back to the application. */
  readonly action: string
  readonly csrf: string
}

/** For who belongs to no institution of the list. Button `name=decision value=leave`. */
export interface UnlistedModel {
  readonly clientName: string
  /** Places to sign in that belong to no institution. */
  readonly open: readonly { readonly providerId: string; readonly name: string; readonly href: string }[]
  readonly clientHref?: string | undefined
  readonly discoveryHref: string
  readonly action: string
  readonly csrf: string
}

export interface DiscoveryViews {
  readonly discovery: DiscoveryModel
  readonly 'provider-refused': ProviderRefusedModel
  readonly unlisted: UnlistedModel
}
