/** How an answer leaves: as an address to go to, or as a form that the browser posts. */
export type Departure = { readonly kind: 'address'; readonly url: string } | { readonly kind: 'form'; readonly action: string; readonly fields: Readonly<Record<string, string>> }

/** A response mode (OAuth 2.0 Multiple Response Types §2.1). */
export interface ResponseMode {
  /** Its `response_mode` value. */
  readonly name: string
  /** The parameters go as one signed `response` (JARM). */
  readonly signs?: true
  depart(redirectUri: string, parameters: Readonly<Record<string, string>>): Departure
}

/** Parameters as form-urlencoded text. */
export function encode(parameters: Readonly<Record<string, string>>): string {
  return new URLSearchParams(parameters).toString()
}
