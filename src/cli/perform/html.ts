// Owns reading our own pages as a program: their name, forms and links by the stable hooks. No parser for the web at large.

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', quot: '"', lt: '<', gt: '>', '#39': "'", '#x27': "'", '#x2F': '/' }

function decoded(text: string): string {
  return text.replaceAll(/&(amp|quot|lt|gt|#39|#x27|#x2F);/g, (entity, name: string) => ENTITIES[name] ?? entity)
}

function attribute(tag: string, name: string): string | undefined {
  const match = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)
  return match?.[1] === undefined ? undefined : decoded(match[1])
}

/** The `data-page` of a page. */
export function pageName(html: string): string {
  return attribute(/<html[^>]*>/.exec(html)?.[0] ?? '', 'data-page') ?? ''
}

/** The address of the link with this attribute and value. */
export function linkWith(html: string, name: string, value: string): string | undefined {
  const tag = [...html.matchAll(/<a\s[^>]*>/g)].map(([text]) => text).find((text) => attribute(text, name) === value)
  return tag === undefined ? undefined : attribute(tag, 'href')
}

/** The ids of the providers that a page offers. */
export function offeredProviders(html: string): readonly string[] {
  return [...html.matchAll(/<a\s[^>]*data-provider="([^"]*)"/g)].map((match) => decoded(match[1] ?? ''))
}

/** Where a form goes and what a browser would send with it, unchanged. */
export function formById(html: string, id: string): { readonly action: string; readonly fields: URLSearchParams } | undefined {
  const whole = [...html.matchAll(/<form[^>]*>[\s\S]*?<\/form>/g)].map(([text]) => text).find((text) => attribute(/<form[^>]*>/.exec(text)?.[0] ?? '', 'id') === id)
  if (whole === undefined) return undefined
  const fields = new URLSearchParams()
  for (const [tag] of whole.matchAll(/<input[^>]*>/g)) {
    const name = attribute(tag, 'name')
    const ticked = !/type="(checkbox|radio)"/.test(tag) || /\schecked[\s>=]/.test(tag)
    if (name !== undefined && ticked) fields.append(name, attribute(tag, 'value') ?? '')
  }
  return { action: attribute(/<form[^>]*>/.exec(whole)?.[0] ?? '', 'action') ?? '', fields }
}

/** The first heading and the reference of an error page, as one line. */
export function errorLine(html: string): string {
  const text = (match: RegExpExecArray | null): string => decoded((match?.[1] ?? '').replaceAll(/<[^>]*>/g, '')).trim()
  const reference = text(/id="reference"[^>]*>([^<]*)</.exec(html))
  return `${text(/<h1[^>]*>([\s\S]*?)<\/h1>/.exec(html))}${reference === '' ? '' : ` (reference ${reference})`}`
}
