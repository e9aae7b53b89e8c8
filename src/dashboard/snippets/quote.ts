// How values become text in a language. An address may have quotes, dollar signs and braces in it, and none of them may mean anything there.

/** JavaScript, Java, C#, Go and Python read a JSON text of plain ASCII the same way. */
export function quoted(value: string): string {
  return JSON.stringify(value)
}

/** For the shell. */
export function shell(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`
}

/** For PHP and Ruby, in single quotes. */
export function single(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`
}

/** For YAML, in single quotes. */
export function yaml(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}
