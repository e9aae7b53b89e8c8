import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'] as const
const SHELL = 'chromium-headless-shell'

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function firstOf(names: readonly string[]): string | undefined {
  const named = process.env['CHROME_PATH']
  if (named !== undefined && named !== '') return isExecutable(named) ? named : undefined
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable)
}

/** The browser of this machine: CHROME_PATH, else the first of the usual names on PATH; undefined when there is none. */
export function chromiumPath(): string | undefined {
  return firstOf(NAMES)
}

/** Where there is one, the same browser without all that stands around a page: it draws and runs pages at half the cost. Leaving, coming back and passkeys are the whole browser's. */
export function headlessShellPath(): string | undefined {
  return firstOf([SHELL, ...NAMES])
}

// Quiet, in few processes, and without the sandbox that Chromium cannot build as root.
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-extensions', '--in-process-gpu', '--renderer-process-limit=1']

/** Options for playwright-core's `chromium.launch`. */
export function chromiumLaunchOptions(executablePath: string): { executablePath: string; args: string[] } {
  return { executablePath, args: [...FLAGS] }
}
