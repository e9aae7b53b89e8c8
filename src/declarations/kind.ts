import type { Kysely, Transaction } from 'kysely'
import type { z } from 'zod'
import type { Offered } from '../clients/metadata.ts'
import type { Context } from '../context.ts'
import type { Database } from '../database/schema.ts'
import type { ObjectKind, Owner } from '../organizations/can.ts'
import type { Path } from './position.ts'
import type { Secret } from './secret.ts'

export type Document = Readonly<Record<string, unknown>>

/** A thing as the database has it now. */
export interface Current {
  readonly id: string
  readonly document: Document
  /** A file made it: `--prune` may remove it. */
  readonly declared: boolean
  /** The key of its row where that is not its id. */
  readonly rowKey?: string
  /** What is known of its secret: enough to see whether a declared one is it. Never shown. */
  readonly secret?: string | undefined
  /** The person whose own it is, where no organization in the document says more. */
  readonly ownedBy?: string | undefined
  /** An operator switched it off. */
  readonly isHeld?: boolean
}

/** A thing as it was before somebody says more of it. */
export type Before = Pick<Current, 'document' | 'isHeld'>

/** A secret ready to be kept. `stored` is what goes to the database. */
export interface ReadySecret {
  readonly source: Secret
  /** The secret itself: of a drawn one, it is told once. */
  readonly text: string | undefined
  readonly stored: string
}

export interface Saving<D extends Document = Document> {
  readonly ctx: Context
  readonly trx: Transaction<Database>
  readonly id: string
  readonly document: D
  readonly current: Current | undefined
  /** A secret other than the one there is. */
  readonly secret: ReadySecret | undefined
  /** The document says a secret, a new one or the one there is. */
  readonly saysSecret: boolean
  /** A file says so: then the file's word is the operator's, and `--prune` may take it back. */
  readonly declared: boolean
  /** The person who says so, where it is no file. */
  readonly by?: string | undefined
  /** An operator says so, in a file or not. */
  readonly operator: boolean
}

export interface Reference {
  readonly path: Path
  readonly kind: string
  readonly id: string
}

/** How secrets of a kind are said, checked, compared and made ready. */
export interface SecretRules {
  /** The member of a document that says it. */
  member(document: Document): string
  /** What is wrong with it in a document with these members; `demo` allows the demo's short one. */
  fault(secret: Secret, demo: boolean, members: Document): string | undefined
  /** Whether the thing has this very secret already. */
  isCurrent(ctx: Context, current: Current, secret: Secret): boolean
  ready(ctx: Context, secret: Secret): Promise<ReadySecret>
  /** What an export says instead of the secret; nothing where there is none. */
  omission(document: Document): string | undefined
}

/** A kind of thing that files declare: one file and one line in index.ts each. */
export interface Kind<D extends Document = Document> {
  readonly kind: ObjectKind
  /** Its members in the order an export writes them. */
  readonly members: readonly string[]
  readonly secret?: SecretRules
  schema(offered: Offered): z.ZodType<D>
  /** What tells it from others of its kind, in files and in the database. */
  identity(document: D): string
  /** Fills in what a document may leave to the database. */
  complete?(document: D, current: Document | undefined): D
  /** The kinds of things that `references` names. */
  readonly names?: readonly ObjectKind[]
  /** The members that name other things. */
  references(document: D): readonly Reference[]
  /** Values that no two of a kind may have. */
  unique?(document: D): readonly { readonly path: Path; readonly value: string }[]
  /** Anything odd that is no fault. */
  warnings?(document: D, known: (kind: string, id: string) => boolean): readonly { readonly path: Path; readonly message: string }[]
  /** The member that names an address which must vouch for a document that is new or changed, and what is wrong then, as the rest of a sentence. */
  readonly vouched?: { readonly member: string; fault(ctx: Context, document: D): Promise<string | undefined> }
  /** What is wrong with what somebody says who is no operator; `before` is what it was. */
  askOfOthers?(ctx: Context, document: D, before: Document | undefined): Promise<readonly { readonly path: Path; readonly message: string }[]>
  list(db: Kysely<Database>): Promise<readonly Current[]>
  /** One by its id. A kind without it has few things: its list is asked. */
  find?(db: Kysely<Database>, id: string): Promise<Current | undefined>
  /** Whose it is; a kind without it is the operators'. */
  owner?(document: D, current: Current | undefined): Owner
  /** The members by which a document says more than before (or than nothing) of what only who is trusted with it may say: `trust` of organizations/can.ts. */
  trusted?(document: D, before: Before | undefined): readonly string[]
  /** Whether the thing may do by itself what is not everybody's to do. */
  isPowerful?(document: Document): boolean
  /** Whether one is drawn for it when nobody says a secret. */
  drawsSecret?(document: Document): boolean
  /** Which of these ids belong to things that no list has, because no file declares them, and that may be named all the same. */
  findOthers?(db: Kysely<Database>, ids: readonly string[]): Promise<readonly string[]>
  save(saving: Saving<D>): Promise<void>
  remove(trx: Transaction<Database>, current: Current): Promise<void>
}

/** Members of a document that are not there do not count: `{ a: undefined }` and `{}` are the same. */
export function withoutUndefined(document: object): Document {
  return Object.fromEntries(Object.entries(document).filter(([, value]) => value !== undefined))
}
