import type { Readable } from 'node:stream'

/** What a command may touch of the process: tests give it their own. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: Readable
  out(text: string): void
  err(text: string): void
  /** A person sits in front of it. */
  readonly isTerminal: boolean
}

const STDIN_LONGEST = 16 * 1024 * 1024

/** All of standard input as text. Throws RangeError beyond 16 MiB. */
export async function readStdin(io: Io): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of io.stdin) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > STDIN_LONGEST) throw new RangeError('standard input is longer than 16 MiB')
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** A secret from standard input: one line, without its end. */
export async function readSecretLine(io: Io): Promise<string> {
  return (await readStdin(io)).replace(/\r?\n$/, '')
}
