/** The last day of each supported line of Node (nodejs.org/en/about/previous-releases). */
const END_OF_LIFE: Readonly<Record<string, string>> = { '20': '2026-04-30', '22': '2027-04-30', '24': '2028-04-30', '26': '2029-04-30' }

/** A sentence when this line of Node gets no security fixes any more, or never was a long-term one. */
export function nodeWarning(version: string, now: Date): string | undefined {
  const major = version.split('.')[0] ?? ''
  const end = END_OF_LIFE[major]
  if (end === undefined) return Number(major) % 2 === 1 ? `Node ${major} is no long-term release: use Node 24` : undefined
  return now > new Date(`${end}T23:59:59Z`) ? `Node ${major} has had no security fixes since ${end}: use Node 24` : undefined
}
