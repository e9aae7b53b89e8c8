import type { FastifyInstance } from 'fastify'
import type { Config } from '../config.ts'
import type { Context } from '../context.ts'

// A protocol door. Thin: it parses, calls rules and flows, and presents.

export interface Endpoint {
  readonly name: string
  /** Whose errors it shows: machines get JSON, people get pages. */
  readonly answers: 'machines' | 'people'
  /** Whether clients show their certificates here: it stands among the addresses where they are asked for one (RFC 8705 §5). */
  readonly takesCertificates?: true
  register(app: FastifyInstance, ctx: Context): void | Promise<void>
  /** The members it adds to the metadata documents (RFC 8414, OpenID Connect Discovery). */
  metadata(issuer: string, config: Config): Readonly<Record<string, unknown>>
}
