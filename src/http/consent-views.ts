// What the pages around the consent page are told.

/** The person's institution does not let them use the application; its words are `not-allowed.<why>`. Buttons `name=decision value=ask|leave`. */
export interface NotAllowedModel {
  readonly action: string
  readonly csrf: string
  readonly clientName: string
  readonly why: 'blocked' | 'unapproved' | 'too-young'
  readonly institution: string
  /** With `too-young`: from which age on. */
  readonly age?: number | undefined
  /** Whom to ask; the institution's help desk when left out. */
  readonly contact?: { readonly name?: string | undefined; readonly href?: string | undefined } | undefined
  /** Whether the institution can be written to from here. */
  readonly canAsk: boolean
  /** The person has asked already. */
  readonly asked: boolean
  readonly switchHref: string
}

export interface ConsentViews {
  readonly 'not-allowed': NotAllowedModel
}
