// Owns how figures look: aligned Markdown tables, readable in a terminal and in a document.

export type Cell = string | number | boolean | undefined

function text(cell: Cell): string {
  if (cell === undefined) return '–'
  if (typeof cell === 'boolean') return cell ? 'met' : 'NOT MET'
  if (typeof cell === 'string') return cell
  if (Number.isNaN(cell)) return 'n/a'
  if (Math.abs(cell) >= 20) return String(Math.round(cell))
  return cell.toFixed(Math.abs(cell) >= 10 ? 1 : 2)
}

/** A table; numbers are rounded to what they are worth. */
export function table(heads: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const cells = rows.map((row) => row.map(text))
  const widths = heads.map((head, i) => Math.max(head.length, ...cells.map((row) => row[i]?.length ?? 0)))
  const line = (row: readonly string[]): string => `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [line(heads), rule, ...cells.map(line), ''].join('\n')
}
