/** The families of browser and system that a User-Agent header names, as far as they are well known: a few words, never the header. */
export interface Agent {
  readonly browser?: string | undefined
  readonly system?: string | undefined
}

// In order: most of them also claim to be those below.
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\b(?:OPR|Opera|OPiOS)\b/, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS|Chromium|HeadlessChrome)\//, 'Chrome'],
  [/\bVersion\/[\d.]+.*\bSafari\//, 'Safari'],
]
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:iPhone|iPad|iPod)\b/, 'iOS'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\b(?:Macintosh|Mac OS X)\b/, 'macOS'],
  [/\b(?:Linux|X11)\b/, 'Linux'],
]
/** More than any browser sends; what comes after is not looked at. */
const LONGEST = 1000

function first(table: typeof BROWSERS, header: string): string | undefined {
  return table.find(([pattern]) => pattern.test(header))?.[1]
}

/** Reads a header into what is kept of it: `Firefox/Windows`, either part empty; nothing when neither is known. */
export function agentLabel(header: string | undefined): string | undefined {
  const read = (header ?? '').slice(0, LONGEST)
  const label = `${first(BROWSERS, read) ?? ''}/${first(SYSTEMS, read) ?? ''}`
  return label === '/' ? undefined : label
}

/** What was kept, in parts. */
export function readAgent(label: string | undefined): Agent {
  const [browser = '', system = ''] = (label ?? '').split('/')
  return { browser: browser === '' ? undefined : browser, system: system === '' ? undefined : system }
}
