/** What the pages of the demo are told. Their teaching texts are the demo's own and English; words between backticks are code. */

/** One request, as it goes over the wire, and its answer once there is one. */
export interface DemoExchange {
  /** Unique on the page. */
  readonly id: string
  readonly title: string
  readonly request: string
  /** A command that asks the same; left out for what works only once. */
  readonly curl?: string | undefined
  /** In the place of the command: why there is none any more. */
  readonly spent?: string | undefined
  readonly answer?: { readonly status: string; readonly good: boolean; readonly text: string; readonly reference?: string | undefined } | undefined
}

export interface DemoFact {
  readonly name: string
  readonly value: string
  readonly about?: string | undefined
}

export interface DemoCheck extends DemoFact {
  readonly good: boolean
}

/** A button that posts to us, or a link where nothing changes. */
export interface DemoAction {
  readonly id: string
  readonly label: string
  readonly second?: boolean | undefined
  readonly href?: string | undefined
}

export interface DemoOption {
  readonly value: string
  readonly chosen: boolean
}

/** What a person may change about the authorization request. */
export interface DemoChoices {
  readonly scopes: readonly DemoOption[]
  readonly prompts: readonly DemoOption[]
  readonly languages: readonly DemoOption[]
  readonly loginHint: string
}

export interface DemoStepModel {
  readonly id: string
  readonly number: number
  readonly title: string
  readonly state: 'done' | 'now' | 'next'
  /** The step that was done last stays open. */
  readonly open: boolean
  readonly what: string
  readonly why: readonly string[]
  readonly choices?: DemoChoices | undefined
  readonly facts: readonly DemoFact[]
  readonly exchanges: readonly DemoExchange[]
  readonly checks: readonly DemoCheck[]
  readonly actions: readonly DemoAction[]
}

export interface DemoLessonModel {
  readonly id: string
  readonly title: string
  readonly about: string
  readonly label: string
  readonly exchanges: readonly DemoExchange[]
  /** Shown with the answer. */
  readonly teaches: string
  readonly link?: { readonly href: string; readonly label: string } | undefined
}

export interface DemoModel {
  readonly csrf: string
  readonly issuer: string
  readonly people: readonly { readonly username: string; readonly password: string; readonly about: string; readonly code?: { readonly now: string; readonly key: string } | undefined }[]
  readonly position: string
  readonly steps: readonly DemoStepModel[]
  readonly others: readonly DemoLessonModel[]
  readonly breaks: readonly DemoLessonModel[]
}

export interface DemoHomeModel {
  readonly issuer: string
}
