import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Fault } from './fault.ts'
import type { SourceFile } from './parse.ts'

const EXTENSION = /\.(ya?ml|json)$/

function filesIn(path: string): readonly string[] {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path)
    .filter((name) => EXTENSION.test(name) && !name.startsWith('.'))
    .toSorted()
    .map((name) => join(path, name))
}

/** The declarations of files and folders (their `.yaml`, `.yml` and `.json`, by name). What cannot be read goes to `faults`. */
export function readSourceFiles(paths: readonly string[], faults: Fault[]): readonly SourceFile[] {
  return paths.flatMap((path) => {
    try {
      return filesIn(path).map((name) => ({ name, text: readFileSync(name, 'utf8'), directory: dirname(resolve(name)) }))
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      faults.push({ file: path, line: 0, column: 0, message: code === 'ENOENT' ? 'there is no such file or folder' : `${basename(path)} cannot be read (${code})` })
      return []
    }
  })
}
