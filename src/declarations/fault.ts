/** One thing wrong in a file, with the place a person has to look at. Lines and columns count from 1. */
export interface Fault {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
}

/** Everything that is wrong with a set of files. Nothing was applied. */
export class DeclarationError extends Error {
  readonly faults: readonly Fault[]
  constructor(faults: readonly Fault[]) {
    super(faults.map(formatFault).join('\n'))
    this.faults = faults
  }
}

/** `file:line:column: message`, as editors and terminals link it. A fault of no particular place has line 0 and names the file only. */
export function formatFault(fault: Fault): string {
  return fault.line === 0 ? `${fault.file}: ${fault.message}` : `${fault.file}:${fault.line}:${fault.column}: ${fault.message}`
}
