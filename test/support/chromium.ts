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

/** The browser that tests drive: CHROME_PATH, else the headless shell, which is the same browser without all that stands around a page and draws and runs pages at half the cost, else the whole one; undefined when there is none. */
export function chromiumPath(): string | undefined {
  return firstOf([SHELL, ...NAMES])
}

/** The browser that people have, where more than a page is asked about: CHROME_PATH, else the first of the usual names on PATH; undefined when there is none. */
export function wholeChromiumPath(): string | undefined {
  return firstOf(NAMES)
}

// Quiet, in few processes, with room for what scripts make and throw away, and without the sandbox that Chromium cannot build as root.
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-extensions',
  '--in-process-gpu',
  '--renderer-process-limit=1',
  '--js-flags=--no-flush-bytecode,--min-semi-space-size=32',
] as const
/** Styles and boxes are computed, and nothing is drawn: one can look a page over, but neither click nor take pictures. */
const NOTHING_DRAWN = '--disable-threaded-compositing'

interface LaunchOptions {
  executablePath: string
  args: string[]
}

/** Options for playwright-core's `chromium.launch`. */
export function chromiumLaunchOptions(executablePath: string): LaunchOptions {
  return { executablePath, args: [...FLAGS] }
}

/** Options for a browser that is asked about pages, and that nobody uses. */
export function lookingOnlyOptions(executablePath: string): LaunchOptions {
  return { executablePath, args: [...FLAGS, NOTHING_DRAWN] }
}
