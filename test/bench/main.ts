import { readFileSync, writeFileSync } from 'node:fs'
import { runBenchmark } from './benchmark.ts'
import { runDiscoveryBench } from './extras/discovery.ts'
import { runLoginTiming } from './extras/login-timing.ts'
import { runLogins } from './extras/logins.ts'
import { runGatekeeperBench } from './extras/gatekeeper.ts'
import { runRefusals } from './extras/refusals.ts'
import { measureFederation } from './extras/federation.ts'
import { readOptions, USAGE } from './options.ts'
import { print } from './print.ts'
import type { BenchResult } from './benchmark.ts'

// npm run bench: what each hot path costs, beside what it could cost at best, measured in the same run.

const runAlone = { discovery: runDiscoveryBench, logins: runLogins, 'login-timing': runLoginTiming, gatekeeper: runGatekeeperBench, refusals: runRefusals } as const

function progress(text: string): void {
  process.stderr.write(`${text}\n`)
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  if (options === undefined) {
    process.stdout.write(`${USAGE}\n`)
    return
  }
  if (options.federation) {
    process.stdout.write(`${JSON.stringify(await measureFederation(progress), undefined, 2)}\n`)
    return
  }
  if (options.alone.length > 0) {
    for (const name of options.alone) process.stdout.write(await runAlone[name](progress))
    return
  }
  const before = options.compare === undefined ? undefined : (JSON.parse(readFileSync(options.compare, 'utf8')) as BenchResult)
  const result = await runBenchmark(options, progress)
  if (options.out !== undefined) writeFileSync(options.out, `${JSON.stringify(result, undefined, 2)}\n`)
  process.stdout.write(options.json ? `${JSON.stringify(result, undefined, 2)}\n` : print(result, before))
}

await main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  process.exitCode = 1
})
