import type { Command as Commander } from 'commander'
import { readConfig } from '../config.ts'
import { OPERATOR, readDiagnosis } from '../management/diagnosis/read-diagnosis.ts'
import { type Command, withExamples, withOutputOptions } from './command.ts'
import { withContext } from './connect.ts'
import { explainText } from './explain-text.ts'
import type { Io } from './io.ts'
import { type OutputOptions, print } from './output.ts'
import { Failure, status } from './status.ts'

// The page of a diagnosis, at the terminal: the same reading and the same sentences, with the eyes of an operator.

async function explain(io: Io, reference: string, options: OutputOptions): Promise<number> {
  return withContext(readConfig(io.env, { demo: false }), io, async (ctx) => {
    const found = await readDiagnosis(ctx, reference, OPERATOR)
    if (found === undefined) throw new Failure(`There is no trace of ${reference.slice(0, 40)}`, 'traces are kept for seven days, the newest 500 of each client; the reference is on the error page and in x-request-id')
    const { client: _client, ...json } = found
    print(io, options, { json: { ...json, at: found.at.toISOString() }, ids: [found.reference], text: explainText(found) })
    return status.ok
  })
}

function register(parent: Commander, io: Io, finish: (status: number) => void): void {
  const command = withOutputOptions(parent.command('explain <reference>')).description('why a request was refused: the page of its diagnosis')
  withExamples(command.action(async (reference: string, options: OutputOptions) => finish(await explain(io, reference, options))), ['portner explain 7F3K-92QD', 'portner explain 7F3K-92QD --json | jq -r .cause'])
}

export const explainCommand: Command = { name: 'explain', register }
