import pg, { type Connection, type Pool, type Submittable } from 'pg'
import { prepareValue } from 'pg/lib/utils.js'

// Owns how a hot statement is spoken (PostgreSQL's extended query protocol): parsed and described once a connection, then only bound and run. pg
// asks for the columns at each run and keeps an object for every one of them, which is half of what a statement costs that finds its row at once.

export interface HotStatement {
  /** Name of the prepared statement; one a text. */
  readonly name: string
  readonly text: string
}

export type HotRow = readonly unknown[]

type Read = (text: string) => unknown
/** What pg remembers of a connection: the texts of the statements that it has parsed, by name. */
type Remembering = Connection & { readonly parsedStatements: Readonly<Record<string, string | undefined>> }
type Bound = Parameters<Connection['bind']>[0]

/** How each column is read, by the statements of a connection. */
const described = new WeakMap<Connection, Map<string, readonly Read[]>>()

function describedOn(connection: Connection): Map<string, readonly Read[]> {
  const known = described.get(connection) ?? new Map<string, readonly Read[]>()
  described.set(connection, known)
  return known
}

// A class, because pg calls it back by methods, several times a statement.
class HotQuery implements Submittable {
  /** Set by pg. */
  declare callback: (error: unknown, rows?: readonly HotRow[]) => void
  /** By these pg notes what is parsed; without a name nothing is. */
  readonly name: string
  readonly text: string
  readonly #values: readonly (string | Buffer | null)[]
  readonly #rows: HotRow[] = []
  #readers: readonly Read[] | undefined
  #remember: ((readers: readonly Read[]) => void) | undefined
  #failure: unknown

  constructor({ name, text }: HotStatement, values: readonly unknown[], isPrepared: boolean) {
    this.name = isPrepared ? name : ''
    this.text = text
    this.#values = values.map((value) => prepareValue(value))
  }

  submit(connection: Connection): Error | null {
    const { name, text } = this
    const parsed = name === '' ? undefined : (connection as Remembering).parsedStatements[name]
    if (parsed !== undefined && parsed !== text) return new Error(`two hot statements are called ${name}`)
    const statements = describedOn(connection)
    this.#readers = parsed === undefined ? undefined : statements.get(name)
    // All in one packet.
    connection.stream.cork()
    if (parsed === undefined) connection.parse({ name, text, types: [] }, true)
    if (this.#readers === undefined) {
      this.#remember = (readers) => void statements.set(name, readers)
      connection.describe({ type: 'S', name }, true)
    }
    connection.bind({ statement: name, values: this.#values } as unknown as Bound, true)
    connection.execute({}, true)
    connection.sync()
    connection.stream.uncork()
    return null
  }

  handleRowDescription({ fields }: { readonly fields: readonly { readonly dataTypeID: number }[] }): void {
    this.#readers = fields.map(({ dataTypeID }) => pg.types.getTypeParser(dataTypeID, 'text'))
    this.#remember?.(this.#readers)
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    try {
      this.#rows.push(fields.map((field, i) => (field === null ? null : this.#readers?.[i]?.(field))))
    } catch (error) {
      this.#failure = error
    }
  }

  handleCommandComplete(): void {
    // The rows are told when the connection is ready for the next statement.
  }

  handleReadyForQuery(): void {
    // No columns were described: it gives no rows.
    if (this.#readers === undefined) this.#remember?.([])
    this.callback(this.#failure, this.#rows)
  }

  handleError(error: unknown): void {
    this.callback(error)
  }
}

/** Runs a hot statement on a connection of a pool. Its rows are arrays, their values as pg reads them. Rejects with pg's errors. */
export async function runHot(pool: Pool, statement: HotStatement, values: readonly unknown[], isPrepared: boolean): Promise<readonly HotRow[]> {
  // A pool gives a promise of what a query calls back with; its types know only of streams.
  const run = pool.query.bind(pool) as unknown as (query: Submittable) => Promise<readonly HotRow[]>
  return run(new HotQuery(statement, values, isPrepared))
}
