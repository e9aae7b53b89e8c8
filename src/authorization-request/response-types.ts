/** A response type (OAuth 2.0 Multiple Response Types §3), by what comes back through the browser. */
export interface ResponseType {
  readonly type: string
  /** The mode it answers in when none is asked for (§2.1): what is a token already must not be in a query. */
  readonly mode: 'query' | 'fragment'
  readonly code: boolean
  readonly token: boolean
  readonly idToken: boolean
}

function define(type: string): ResponseType {
  const values = type.split(' ')
  return { type, mode: type === 'code' ? 'query' : 'fragment', code: values.includes('code'), token: values.includes('token'), idToken: values.includes('id_token') }
}

/** The response types there are. All but `code` need the client's switch `implicit`. */
export const responseTypes: readonly ResponseType[] = ['code', 'id_token', 'token', 'id_token token', 'code id_token', 'code token', 'code id_token token'].map(define)

/** The values of a response type in a fixed order: `token id_token` and `id_token token` are one. */
export function normalizeResponseType(text: string): string {
  return text.split(' ').filter((part) => part !== '').toSorted().join(' ')
}

export function findResponseType(text: string): ResponseType | undefined {
  const wanted = normalizeResponseType(text)
  return responseTypes.find(({ type }) => normalizeResponseType(type) === wanted)
}
