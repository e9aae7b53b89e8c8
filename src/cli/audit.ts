import type { Command as Commander } from 'commander'
import { exportEvents } from '../audit/export.ts'
import { type ChainFault, headText, type KeptHead, readHead, type Verdict } from '../audit/verify.ts'
import { readConfig } from '../config.ts'
import { type Command, withExamples, withOutputOptions } from './command.ts'
import { withContext } from './connect.ts'
import type { Io } from './io.ts'
import { type OutputOptions, print, tone } from './output.ts'
import { Failure, status } from './status.ts'

function requireHead(text: string | undefined): KeptHead | undefined {
  const head = text === undefined ? undefined : readHead(text)
  if (text !== undefined && head === undefined) throw new Failure('--head is not what an earlier run told', 'it is a number, a colon and 64 hexadecimal digits', status.usage)
  return head
}

const WORDS: { readonly [K in ChainFault['kind']]: (fault: Extract<ChainFault, { kind: K }>) => string } = {
  changed: (fault) => `${named(fault)} is not the one that was written: it was changed, moved or put there`,
  missing: ({ seq, to }) => (seq === to ? `event ${seq} was written and is not there` : `events ${seq} to ${to} were written and are not there`),
  added: (fault) => `${named(fault)} stands behind the end of the chain: no server of yours wrote it`,
  end: ({ end, seq }) => `the ${end} of the chain, at event ${seq}, was not set by a server with your secret key`,
  other: ({ seq }) => `the chain does not lead over the head that you gave, at event ${seq}: it is another chain, or an older state`,
}

function named({ seq, id, event, at }: { readonly seq: number; readonly id: string; readonly event: string; readonly at: Date }): string {
  return `event ${seq} (${id}, ${event}, ${at.toISOString()})`
}

function sentence<K extends ChainFault['kind']>(fault: Extract<ChainFault, { kind: K }>): string {
  return WORDS[fault.kind](fault)
}

function summary(verdict: Verdict): string {
  const { events, unproven, anchor, head } = verdict
  const forgotten = anchor.seq > 0 ? `; the ${anchor.seq} before them are forgotten` : ''
  return `${events} events, unbroken${unproven > 0 ? `, but for ${unproven} from before there was a chain` : ''}${forgotten}\nhead: ${headText(head)}\n`
}

async function verify(io: Io, options: OutputOptions & { readonly head?: string }): Promise<number> {
  const kept = requireHead(options.head)
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    const verdict = await ctx.audit.verify({ kept })
    const { faults, events, unproven, anchor, head } = verdict
    print(io, options, {
      json: { unbroken: faults.length === 0, events, unproven, forgotten: Math.max(0, anchor.seq), head: headText(head), faults },
      ids: faults.flatMap((fault) => ('id' in fault ? [fault.id] : [])),
      text: faults.length === 0 ? summary(verdict) : faults.map((fault) => `${tone(io, 'red', 'broken')}: ${sentence(fault)}\n`).join(''),
    })
    return faults.length === 0 ? status.ok : status.failed
  })
}

function readTime(name: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined
  const at = new Date(text)
  if (Number.isNaN(at.getTime())) throw new Failure(`--${name} is no time`, 'write 2026-11-21 or 2026-11-21T05:40:00Z', status.usage)
  return at
}

interface Filter extends OutputOptions {
  readonly from?: string
  readonly to?: string
  readonly event?: string
  readonly actor?: string
  readonly target?: string
}

async function exportAll(io: Io, { from, to, event, actor, target }: Filter): Promise<number> {
  const filter = { from: readTime('from', from), to: readTime('to', to), event, actor, target }
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    for await (const lines of exportEvents(ctx.db, filter)) io.out(lines)
    return status.ok
  })
}

function register(parent: Commander, io: Io, finish: (status: number) => void): void {
  const group = parent.command('audit').description('what happened, and whether it is still what was written')
  withExamples(
    withOutputOptions(group.command('verify').description('walk along the chain of all events; status 1 and the event where it breaks'))
      .option('--head <head>', 'the head that an earlier run told and that was kept elsewhere')
      .action(async (options: OutputOptions & { head?: string }) => finish(await verify(io, options))),
    ['portner audit verify', 'portner audit verify --head 1042:9f2c…'],
  )
  withExamples(
    withOutputOptions(group.command('export').description('events as lines of JSON, the oldest first'))
      .option('--from <time>', 'the first moment')
      .option('--to <time>', 'the moment after the last one')
      .option('--event <name>', 'events of this name')
      .option('--actor <id>', 'what this person did')
      .option('--target <id>', 'what was done to this person, client, provider …')
      .action(async (options: Filter) => finish(await exportAll(io, options))),
    ['portner audit export --from 2026-11-01 --to 2026-12-01 > november.jsonl', 'portner audit export --event login.failed'],
  )
}

export const auditCommand: Command = { name: 'audit', register }
