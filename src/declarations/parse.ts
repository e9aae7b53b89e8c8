import { type Document, LineCounter, parseAllDocuments } from 'yaml'
import type { Fault } from './fault.ts'

// Owns YAML: text to documents, strictly. A key twice, an unknown tag or an alias that multiplies is a fault, not a surprise.

export interface SourceFile {
  /** Its name, as faults tell it. */
  readonly name: string
  readonly text: string
  /** Where relative paths inside it start; the working directory when left out. */
  readonly directory?: string
}

/** One YAML document with what is needed to find its places again. */
export interface SourceDocument {
  readonly file: SourceFile
  readonly tree: Document.Parsed
  readonly lines: LineCounter
  readonly value: unknown
}

const LONGEST = 16 * 1024 * 1024
const MOST_ALIASES = 100

function toValue(tree: Document.Parsed): { readonly value: unknown } | { readonly fault: string } {
  try {
    return { value: tree.toJS({ maxAliasCount: MOST_ALIASES }) }
  } catch (error) {
    return { fault: error instanceof Error ? error.message : 'cannot be read' }
  }
}

/** The documents of a file; what cannot be read goes to `faults`. Empty documents are left out. */
export function parseFile(file: SourceFile, faults: Fault[]): readonly SourceDocument[] {
  if (file.text.length > LONGEST) {
    faults.push({ file: file.name, line: 1, column: 1, message: 'the file is longer than 16 MiB' })
    return []
  }
  const lines = new LineCounter()
  const trees = parseAllDocuments(file.text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, strict: true })
  const found: SourceDocument[] = []
  for (const tree of trees) {
    const tell = (offset: number, message: string): void => {
      const { line, col } = lines.linePos(offset)
      faults.push({ file: file.name, line: Math.max(line, 1), column: Math.max(col, 1), message })
    }
    for (const problem of [...tree.errors, ...tree.warnings]) tell(problem.pos[0], problem.message)
    if (tree.errors.length > 0 || tree.warnings.length > 0 || tree.contents === null) continue
    const read = toValue(tree)
    if ('fault' in read) tell(tree.contents.range[0], read.fault)
    else if (read.value !== null) found.push({ file, tree, lines, value: read.value })
  }
  return found
}
