/** A reader of our own pages: elements with their attributes, in document order. Attributes are always in double quotes there. */

export interface Element {
  readonly tag: string
  readonly attributes: ReadonlyMap<string, string>
  readonly at: number
}

export function elementsOf(html: string): readonly Element[] {
  return [...html.matchAll(/<([a-z][a-z0-9]*)((?:\s+[^\s=>"]+(?:="[^"]*")?)*)\s*\/?>/g)].map((match) => ({
    tag: match[1] ?? '',
    attributes: attributesOf(match[2] ?? ''),
    at: match.index,
  }))
}

export function byId(html: string, id: string): Element | undefined {
  return elementsOf(html).find((element) => element.attributes.get('id') === id)
}

export function titleOf(html: string): string {
  return unescape(/<title>([^<]*)<\/title>/.exec(html)?.[1] ?? '')
}

/** What a person reads: without markup, references resolved. */
export function textOf(html: string): string {
  return unescape(html.replace(/<[^>]*>/g, ' ')).replace(/\s+/g, ' ')
}

function attributesOf(source: string): Map<string, string> {
  return new Map([...source.matchAll(/([^\s=>"]+)(?:="([^"]*)")?/g)].map((match) => [match[1] ?? '', unescape(match[2] ?? '')]))
}

function unescape(text: string): string {
  return text
    .replace(/&#(\d+);/g, (_all, code: string) => String.fromCharCode(Number(code)))
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}
