import { translator } from '../http/messages.ts'
import type { Diagnosis } from '../management/diagnosis/read-diagnosis.ts'
import { facts, table } from './output.ts'

// Owns how a diagnosis reads at the terminal: the sentences of its page, and every value. Decides nothing about who may read it.

const { text } = translator('en')

/** A diagnosis for a person at a terminal. */
export function explainText(found: Diagnosis): string {
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
