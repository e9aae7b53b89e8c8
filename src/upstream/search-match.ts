import { type RawBuilder, sql } from 'kysely'

// Owns what it means that a provider has the words of a query, and how well, as conditions of a row `i` of provider_index: its words stand in
// one text, each after a line's end, and its domains in another, where each label has a dot before it. Does not own what the index has for a
// word (search-index.ts).

/** A word of a query, folded, and what the index has for it. */
export interface Sought {
  readonly word: string
  readonly isKnown: boolean
  /** The numbers of its providers, an array as the database writes it; nothing where they are many. */
  readonly few: { readonly count: number; readonly numbers: string } | undefined
  /** The same of the words that it is but for one typo. */
  readonly meant: string | undefined
}

// Scripts without spaces have whole words within words.
const WITHOUT_SPACES = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
const SHORTEST_PART = 3
const SHORTEST_PART_WITHOUT_SPACES = 2

export function mayStandWithin(word: string): boolean {
  return Array.from(word).length >= (WITHOUT_SPACES.test(word) ? SHORTEST_PART_WITHOUT_SPACES : SHORTEST_PART)
}

type Condition = RawBuilder<unknown>

function all(conditions: readonly Condition[]): Condition {
  return sql`(${sql.join(conditions, sql` and `)})`
}

function any(conditions: readonly Condition[]): Condition {
  return sql`(${sql.join(conditions, sql` or `)})`
}

// What has a dot can only be of a domain.
function reads(word: string, beforeWord: string, beforeDomain: string): Condition {
  const domain = sql`position(${`${beforeDomain}${word}`} in i.domains) > 0`
  return word.includes('.') ? domain : any([sql`position(${`${beforeWord}${word}`} in i.words) > 0`, domain])
}

function begins(word: string): Condition {
  return reads(word, '\n', '\n.')
}

/** Anywhere in a word where it is long enough to mean something, or at the beginning of a domain's label. */
function stands(word: string): Condition {
  return mayStandWithin(word) ? reads(word, '', '.') : begins(word)
}

/** The word that fewest have: of theirs alone a row is read. */
function rarest(sought: readonly Sought[]): Sought | undefined {
  return sought.filter(({ isKnown, few }) => isKnown && few !== undefined).toSorted((one, other) => (one.few?.count ?? 0) - (other.few?.count ?? 0))[0]
}

function isOneOf(...numbers: readonly (string | undefined)[]): Condition {
  return any(numbers.filter((some) => some !== undefined).map((some) => sql`i.number = any(${some}::integer[])`))
}

/** The conditions that a provider has all of the words, one of them with a typo where any of them may have been meant for another. */
export function matchesOf(sought: readonly Sought[]): readonly Condition[] {
  const first = rarest(sought)
  const narrow = first === undefined ? [] : [isOneOf(first.few?.numbers, first.meant)]
  const isSure = sought.every(({ meant }) => meant === undefined) || sought.some(({ isKnown }) => !isKnown)
  if (isSure) return [...narrow, ...sought.filter((one) => one !== first).map(({ word, meant }) => (meant === undefined ? stands(word) : isOneOf(meant)))]
  const typos = sought.map(({ word, meant }) => sql`case when ${stands(word)} then 0 ${meant === undefined ? sql`` : sql`when ${isOneOf(meant)} then 1`} else 2 end`)
  return [...narrow, sql`${sql.join(typos, sql` + `)} <= 1`]
}

/** An abbreviation that is the query, then a name that begins with it, then words that do or may have been meant to, then parts of words. */
export function rankOf(sought: readonly Sought[]): RawBuilder<unknown> {
  const query = sought.map(({ word }) => word).join(' ')
  const beginnings = sought.filter(({ word }) => mayStandWithin(word)).map(({ word, meant }) => any([begins(word), ...(meant === undefined ? [] : [isOneOf(meant)])]))
  return sql`case when position(${`\n${query}\n`} in i.abbreviations) > 0 then 3 when position(${`\n${query}`} in i.names) > 0 then 2
    ${beginnings.length === 0 ? sql`else 1` : sql`when ${all(beginnings)} then 1 else 0`} end`
}
