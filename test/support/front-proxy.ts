import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { freePort } from './app.ts'

// Proxies that others put in front of their APIs, as real processes with a configuration of a test's.

export interface FrontProxy {
  readonly port: number
  readonly close: () => Promise<void>
}

/** Where a program is; nothing where it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = ['/usr/sbin', ...(process.env['PATH'] ?? '').split(delimiter)]
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file))
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

export interface FrontProgram {
  readonly name: string
  /** The configuration of a process in this folder that listens at this port. */
  readonly configuration: (folder: string, port: number) => string
  readonly options: (file: string, folder: string) => readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Runs it on a port of its own until it is closed. */
export async function startFrontProxy({ name, configuration, options, env = {} }: FrontProgram): Promise<FrontProxy> {
  const [port, folder] = [await freePort(), mkdtempSync(join(tmpdir(), `portner-${name}-`))]
  const file = join(folder, 'configuration')
  writeFileSync(file, configuration(folder, port))
  const child: ChildProcess = spawn(findProgram(name) ?? name, options(file, folder), { stdio: 'ignore', env: { PATH: process.env['PATH'], HOME: folder, ...env } })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`${name} has ended with ${child.exitCode}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return {
    port,
    close: async () => {
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
