import type { Context } from '../context.ts'
import { invalidScope } from '../protocol/error.ts'
import { readApiScope } from './api.ts'
import { hasEnd, isOwnScope, splitDuration } from './scope-definition.ts'
import { findScope } from './scopes.ts'

// Owns what a scope value says of how long the consent to it lasts: `debt.presentation.100` is for 100 days, at most as many as its declaration
// allows; without a number it is for one use where the declaration says so, else for as long as it allows. A value that is declared as it
// stands means itself.

/** A scope with an end, as it was asked for. */
export interface LimitedScope {
  readonly scope: string
  /** The scope that is declared. */
  readonly purpose: string
  /** Nothing: for one use. */
  readonly days: number | undefined
}

function daysOf(text: string, purpose: string, most: number): number {
  const days = Number(text)
  if (text.startsWith('0') || days > most) throw invalidScope(most === 0 ? `${purpose} is for one use: it takes no number of days` : `${purpose} is for 1 to ${most} days`, { parameter: 'scope', detail: 'scope.duration' })
  return days
}

/** Reads a value; nothing when consent to it has no end, or nobody declared it. Throws `invalid_scope` for a duration that is not allowed. */
export async function readLimitedScope(ctx: Context, scope: string): Promise<LimitedScope | undefined> {
  if (isOwnScope(scope) || readApiScope(scope) !== undefined) return undefined
  const literal = await findScope(ctx, scope)
  if (literal !== undefined) {
    if (!hasEnd(literal)) return undefined
    return { scope, purpose: scope, days: literal.consent?.single_use === true ? undefined : literal.consent?.max_days }
  }
  const split = splitDuration(scope)
  const definition = split && (await findScope(ctx, split.base))
  if (split === undefined || definition === undefined || !hasEnd(definition)) return undefined
  return { scope, purpose: split.base, days: daysOf(split.days, split.base, definition.consent?.max_days ?? 0) }
}

/** What is asked for with an end: the values, their scopes, and how long. */
export interface LimitedRequest {
  readonly scopes: readonly string[]
  readonly purpose: readonly string[]
  readonly days?: number
}

/** The ones among the values that have an end; they are agreed to together, so they last equally long. Throws `invalid_scope`. */
export async function limitedRequest(ctx: Context, scopes: readonly string[]): Promise<LimitedRequest | undefined> {
  const limited = (await Promise.all(scopes.map((scope) => readLimitedScope(ctx, scope)))).filter((one) => one !== undefined)
  const [first] = limited
  if (first === undefined) return undefined
  if (limited.some(({ days }) => days !== first.days)) throw invalidScope('Scopes of one consent must last equally long', { parameter: 'scope', detail: 'scope.durations' })
  return { scopes: limited.map(({ scope }) => scope), purpose: limited.map(({ purpose }) => purpose), ...(first.days === undefined ? {} : { days: first.days }) }
}

/** The scopes that values stand for: what clients are registered for. Throws `invalid_scope`. */
export function purposesOf(ctx: Context, scopes: readonly string[]): Promise<readonly string[]> {
  return Promise.all(scopes.map(async (scope) => (await readLimitedScope(ctx, scope))?.purpose ?? scope))
}

/** Throws `invalid_scope` when a value needs a consent of its own, which only a person at the authorization endpoint gives. */
export async function requireUnlimited(ctx: Context, scopes: readonly string[]): Promise<void> {
  const limited = await limitedRequest(ctx, scopes)
  if (limited !== undefined) throw invalidScope('The scope needs a consent of its own: send the person to the authorization endpoint', { parameter: 'scope', detail: 'scope.needs_consent' })
}

/** Those values of a default that need no consent of their own. */
export async function unlimitedOf(ctx: Context, scopes: readonly string[]): Promise<readonly string[]> {
  const limited = await Promise.all(scopes.map((scope) => readLimitedScope(ctx, scope)))
  return scopes.filter((_, i) => limited[i] === undefined)
}
