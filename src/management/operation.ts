import type { z } from 'zod'
import type { ownApiScopes } from '../apis/scope-definition.ts'
import type { Offered } from '../clients/metadata.ts'
import type { Context } from '../context.ts'
import type { Caller } from './caller.ts'
import { notFound } from './failure.ts'
import { readBody, readQuery } from './read.ts'

// Owns what one operation of the management API says of itself: its route, its checks and its page in the OpenAPI document are read off it.

export type ManagementScope = Extract<(typeof ownApiScopes)[number], `portner.${string}`>
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface Answer {
  readonly status: 200 | 201 | 204
  readonly body?: object
  /** The version of what was answered, for `ETag`. */
  readonly version?: string
  /** Where what was made is, below the issuer. */
  readonly location?: string
}

export interface Call<Q = unknown, B = unknown> {
  readonly ctx: Context
  readonly caller: Caller
  readonly offered: Offered
  /** Of this build. */
  readonly version: string
  readonly params: Readonly<Record<string, string>>
  readonly query: Q
  readonly body: B
  /** Of an operation with `changes`: the version that the caller has seen. */
  readonly expected: string | undefined
}

/** A schema with the name that the document gives it. */
export interface Named {
  readonly name: string
  readonly schema: z.ZodType
  /** A member that is said and never told, beside those of the schema: a text, or one of the ways of files that do not reach into this machine. */
  readonly secret?: string
}

interface Spec<Q extends z.ZodType, B extends z.ZodType> {
  readonly method: Method
  /** With its parameters in braces: `/api/clients/{client_id}`. */
  readonly path: string
  readonly id: string
  readonly summary: string
  /** Nothing for what every token of ours may ask. */
  readonly scope: ManagementScope | undefined
  readonly query?: Q
  readonly body?: {
    /** What the door checks. Documents are read by their own rules, with every fault. */
    readonly reads: B
    /** What the document says of it, where that is more. */
    readonly described?: Named
    readonly example: object
    readonly mediaType?: 'application/merge-patch+json'
  }
  readonly answer: { readonly status: Answer['status']; readonly description: string; readonly schema?: Named; readonly versioned?: true }
  /** Statuses of refusals beside those that every operation has. */
  readonly refusals?: readonly (404 | 409)[]
  /** It changes a thing with a version: `If-Match` must say which. */
  readonly changes?: true
  /** It hands out power: a person must have signed in within ten minutes (security.md rule 27). */
  readonly needsRecentSignIn?: true
}

export interface Operation extends Spec<z.ZodType, z.ZodType> {
  readonly run: (call: Call, raw: { readonly query: unknown; readonly body: unknown }) => Promise<Answer>
}

/** An operation with its query and body read by its schemas. */
export function operation<Q extends z.ZodType, B extends z.ZodType>(spec: Spec<Q, B> & { readonly run: (call: Call<z.output<Q>, z.output<B>>) => Promise<Answer> }): Operation {
  const { run, query, body, ...rest } = spec
  return {
    ...rest,
    ...(query === undefined ? {} : { query }),
    ...(body === undefined ? {} : { body }),
    run: (call, raw) => run({ ...call, query: readQuery(query, raw.query), body: readBody(body?.reads, raw.body) }),
  }
}

/** A parameter of the path. */
export function param({ params }: Pick<Call, 'params'>, name: string): string {
  const value = params[name]
  if (value === undefined || value === '') throw notFound()
  return value
}

/** The operations of one kind of thing: one file and one line in index.ts. */
export type Resource = (offered: Offered) => readonly Operation[]
