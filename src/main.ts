#!/usr/bin/env node
import { runCommandLine } from './cli/run.ts'

// The process: its arguments, streams and environment go to the command line, and what comes back is its exit status.

// A reader that left (`| head`) is no failure.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

process.exitCode = await runCommandLine(process.argv.slice(2), {
  env: process.env,
  stdin: process.stdin,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  isTerminal: process.stdout.isTTY && process.stderr.isTTY && process.stdin.isTTY,
})
