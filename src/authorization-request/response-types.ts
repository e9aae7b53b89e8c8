/** The response types there are, and the mode each answers in when none is asked for (Multiple Response Types §2.1). */
export const responseTypes: readonly { readonly type: string; readonly mode: string }[] = [{ type: 'code', mode: 'query' }]

/** The values of a response type in a fixed order: `token id_token` and `id_token token` are one. */
export function normalizeResponseType(text: string): string {
  return text.split(' ').filter((part) => part !== '').toSorted().join(' ')
}

export function findResponseType(text: string): (typeof responseTypes)[number] | undefined {
  const wanted = normalizeResponseType(text)
  return responseTypes.find(({ type }) => normalizeResponseType(type) === wanted)
}
