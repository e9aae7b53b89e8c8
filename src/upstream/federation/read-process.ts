import { X509Certificate } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { setPriority } from 'node:os'
import { type AggregateSummary, readAggregate } from './aggregate.ts'
import { MetadataRefused } from './refusal.ts'

// The child process that reads a federation's list. A hundred megabytes of XML keep a processor busy for ten seconds: in the server itself
// everybody would wait for it. Here it has a low priority, a bounded memory, and takes nobody along when it dies.

export interface ReadTask {
  readonly file: string
  /** Where the entities go, one line of JSON each. Means nothing unless the answer is a summary. */
  readonly spool: string
  /** PEM. */
  readonly certificates: readonly string[]
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly loopback: boolean
}

export type ReadAnswer = { readonly summary: AggregateSummary } | { readonly refused: string } | { readonly failed: string }

const PIECE_BYTES = 64 * 1024

try {
  setPriority(10)
} catch {
  // A container may forbid it.
}

function decode(decoder: InstanceType<typeof TextDecoder>, bytes?: Uint8Array): string {
  try {
    return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true })
  } catch {
    throw new MetadataRefused('the document is not in UTF-8')
  }
}

async function read(task: ReadTask): Promise<AggregateSummary> {
  const lines: string[] = []
  const keys = task.certificates.map((certificate) => new X509Certificate(certificate).publicKey)
  const reader = readAggregate({ keys, now: task.now, loopback: task.loopback, found: (entity) => void lines.push(`${JSON.stringify(entity)}\n`) })
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const spool = await open(task.spool, 'wx', 0o600)
  try {
    for await (const bytes of createReadStream(task.file, { highWaterMark: PIECE_BYTES })) {
      reader.write(decode(decoder, bytes as Uint8Array))
      if (lines.length > 0) await spool.write(lines.splice(0).join(''))
    }
    reader.write(decode(decoder))
    return reader.close()
  } finally {
    await spool.close()
  }
}

function answerOf(error: unknown): ReadAnswer {
  return error instanceof MetadataRefused ? { refused: error.message } : { failed: error instanceof Error ? error.message : String(error) }
}

process.once('message', (task: ReadTask) => {
  void read(task)
    .then((summary): ReadAnswer => ({ summary }), answerOf)
    .then((answer) => process.send?.(answer, () => process.exit(0)))
})
process.on('disconnect', () => process.exit(0))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
