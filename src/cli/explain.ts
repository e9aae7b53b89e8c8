import type { Command as Commander } from 'commander'
import { readConfig } from '../config.ts'
import { type Diagnosis, OPERATOR, readDiagnosis } from '../management/diagnosis/read-diagnosis.ts'
import { translator } from '../http/messages.ts'
import { type Command, withExamples, withOutputOptions } from './command.ts'
import { withContext } from './connect.ts'
import type { Io } from './io.ts'
import { facts, type OutputOptions, print, table } from './output.ts'
import { Failure, status } from './status.ts'

// The page of a diagnosis, at the terminal: the same reading and the same sentences, with the eyes of an operator.

const { text } = translator('en')

function told(found: Diagnosis): string {
  const { reference, at, clientId, clientName, method, endpoint, error, description, compared, hints, parameters, cause, fix, rule, similar } = found
  const nothing = text('diagnosis.nothing')
  const head = facts([
    [text('diagnosis.reference'), reference],
    [text('diagnosis.when'), at.toISOString()],
    [text('diagnosis.client'), clientId === undefined ? nothing : `${clientId} (${clientName ?? text('diagnosis.unregistered')})`],
    [text('diagnosis.request'), `${method} ${endpoint}`],
    ...(error === '' ? [] : [[text('diagnosis.answered'), `${error}: ${description}`] as const]),
    [text('diagnosis.cause'), cause],
  ])
  const sentences = [text(`diagnosis.cause.${cause}`), ...hints.map(({ name, values }) => text(`diagnosis.hint.${name}`, values))].join('\n')
  const rows = compared.length === 0 ? '' : `\n${table([text('diagnosis.what'), text('diagnosis.sent'), text('diagnosis.expected')], compared.map(({ name, sent, expected }) => [name, sent ?? nothing, expected ?? '']))}`
  const sent = Object.entries(parameters)
  const list = sent.length === 0 ? '' : `\n${text('diagnosis.parameters')}\n${facts(sent)}`
  return `${head}\n${sentences}\n${rows}\n${facts([[text('diagnosis.mend'), text(`diagnosis.fix.${fix}`)], [text('diagnosis.rule'), rule]])}${text('diagnosis.similar', { count: similar })}\n${list}`
}

async function explain(io: Io, reference: string, options: OutputOptions): Promise<number> {
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    const found = await readDiagnosis(ctx, reference, OPERATOR)
    if (found === undefined) throw new Failure(`There is no trace of ${reference.slice(0, 40)}`, 'traces are kept for seven days, the newest 500 of each client; the reference is on the error page and in x-request-id')
    const { client: _client, ...json } = found
    print(io, options, { json: { ...json, at: found.at.toISOString() }, ids: [found.reference], text: told(found) })
    return status.ok
  })
}

function register(parent: Commander, io: Io, finish: (status: number) => void): void {
  const command = withOutputOptions(parent.command('explain <reference>')).description('why a request was refused: the page of its diagnosis')
  withExamples(command.action(async (reference: string, options: OutputOptions) => finish(await explain(io, reference, options))), ['portner explain 7F3K-92QD', 'portner explain 7F3K-92QD --json | jq -r .cause'])
}

export const explainCommand: Command = { name: 'explain', register }
