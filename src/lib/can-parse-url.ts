/**
 * Whether a text is a URL. In the place of URL.canParse, which Node 20, once it has optimized the call, answers with false for a text with
 * letters such as ü: the same address would be taken at first and refused later.
 */
export function canParseUrl(text: string, base?: string): boolean {
  try {
    return new URL(text, base).href !== ''
  } catch {
    return false
  }
}
