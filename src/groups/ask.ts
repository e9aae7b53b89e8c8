import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from '../context.ts'
import { findUser } from '../users/store.ts'
import type { Group, GroupMember, GroupPerson, GroupSource } from './group.ts'
import { groupSources } from './index.ts'
import { isMeant, wordsOfNames } from './query.ts'

// Owns the question which groups a person is in: all sources are asked at once, each has three seconds, and what one of them does not say in
// time is missing, not wrong. Whoever asks hears whose answer is missing. The groups API, the `groups` claim and the gatekeeper ask here.

/** Milliseconds. */
const PATIENCE_MS = 3000

export interface Groups {
  readonly groups: readonly Group[]
  /** The sources that did not answer. */
  readonly missing: readonly string[]
}

const LATE = Symbol('late')

/** What a source says, or nothing when it fails or takes too long: then that is logged. */
async function patiently<T>(ctx: Context, { name }: GroupSource, answer: Promise<T>): Promise<{ readonly said: T } | undefined> {
  const over = new AbortController()
  try {
    const said = await Promise.race([answer, sleep(PATIENCE_MS, LATE, { signal: over.signal, ref: false })])
    if (said !== LATE) return { said }
    answer.catch(() => {})
    ctx.log.warn({ event: 'groups.source', source: name, outcome: 'late' }, 'a source of groups did not answer in time')
  } catch (error) {
    ctx.log.warn({ event: 'groups.source', source: name, outcome: 'failed', err: error }, 'a source of groups failed')
  } finally {
    over.abort()
  }
  return undefined
}

async function personOf(ctx: Context, userId: string): Promise<GroupPerson | undefined> {
  const user = await findUser(ctx.db, userId)
  return user && { userId: user.userId, organizationId: user.organizationId, groups: user.groups }
}

/** The groups of a person; with `all` also those that are over, with `typed` those whose names are meant by it. */
export async function groupsOf(ctx: Context, userId: string, { all = false, typed, sources = groupSources }: { readonly all?: boolean; readonly typed?: string | undefined; readonly sources?: readonly GroupSource[] } = {}): Promise<Groups> {
  const person = await personOf(ctx, userId)
  if (person === undefined) return { groups: [], missing: [] }
  const answers = await Promise.all(sources.map((source) => patiently(ctx, source, source.groupsOf(ctx, person, all))))
  const said = answers.flatMap((answer) => answer?.said ?? [])
  return { groups: typed === undefined ? said : said.filter(({ displayName }) => isMeant(typed, wordsOfNames([displayName]))), missing: sources.filter((_, i) => answers[i] === undefined).map(({ name }) => name) }
}

/** Of one search. */
const MOST_FOUND = 50

/** The groups that a person may know of, by a few words of their names: their own first. */
export async function searchGroups(ctx: Context, userId: string, typed: string): Promise<Groups> {
  const person = await personOf(ctx, userId)
  if (person === undefined) return { groups: [], missing: [] }
  const ask = async (source: GroupSource): Promise<readonly [readonly Group[], readonly Group[]]> => Promise.all([source.groupsOf(ctx, person, false), source.search?.(ctx, typed, MOST_FOUND) ?? []])
  const answers = await Promise.all(groupSources.map((source) => patiently(ctx, source, ask(source))))
  const own = answers.flatMap((answer) => answer?.said[0] ?? []).filter(({ displayName }) => isMeant(typed, wordsOfNames([displayName])))
  const all = [...own, ...answers.flatMap((answer) => answer?.said[1] ?? [])]
  const groups = [...new Map(all.toReversed().map((group) => [group.id, group])).values()].toReversed()
  return { groups: groups.slice(0, MOST_FOUND), missing: groupSources.filter((_, i) => answers[i] === undefined).map(({ name }) => name) }
}

/** What the `groups` claim says of a person: names of the institution's groups, ids of the others. */
export async function groupsClaim(ctx: Context, userId: string): Promise<readonly string[]> {
  return (await groupsOf(ctx, userId)).groups.map(({ id, claim }) => claim ?? id)
}

/** Something that one source was asked about; nothing: it is not there for this person. */
export interface Found<T> {
  readonly found: T | undefined
  readonly missing: readonly string[]
}

async function askOwner<T>(ctx: Context, userId: string, id: string, ask: (source: GroupSource, person: GroupPerson) => Promise<T | undefined>): Promise<Found<T>> {
  const [person, source] = [await personOf(ctx, userId), groupSources.find((one) => one.owns(id))]
  if (person === undefined || source === undefined) return { found: undefined, missing: [] }
  const answer = await patiently(ctx, source, ask(source, person))
  return answer === undefined ? { found: undefined, missing: [source.name] } : { found: answer.said, missing: [] }
}

/** A group that a person may know of. */
export function findGroup(ctx: Context, userId: string, id: string): Promise<Found<Group>> {
  return askOwner(ctx, userId, id, (source, person) => source.find(ctx, id, person))
}

/** Who is in a group, as far as a person may know. */
export function listGroupMembers(ctx: Context, userId: string, id: string): Promise<Found<readonly GroupMember[]>> {
  return askOwner(ctx, userId, id, (source, person) => source.members(ctx, id, person))
}
