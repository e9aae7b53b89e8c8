import type { AdminFact, AdminTable } from '../http/admin-views.ts'
import type { SystemState } from '../system/state.ts'
import { code, fact, link, moment, number, text, word } from './cells.ts'

// How the state of the whole (system/state.ts) looks on the first page.

export function systemFacts({ issuer, pendingMigrations, signingSince, mails, openCircuits }: SystemState, version: string): readonly AdminFact[] {
  return [
    fact('version', code(version)),
    fact('issuer', code(issuer)),
    fact('migrations', ...(pendingMigrations.length === 0 ? [word('up-to-date')] : pendingMigrations.map(code))),
    fact('keys-since', moment(signingSince)),
    fact('mails', number(mails.waiting)),
    fact('mails-put-off', number(mails.putOff)),
    fact('oldest-mail', moment(mails.oldest)),
    fact('circuits', number(openCircuits)),
  ]
}

export function systemTables({ jobs, troubles, federations }: SystemState): readonly AdminTable[] {
  return [
    { name: 'jobs', columns: ['job', 'period', 'last-run', 'held-until'], rows: jobs.map(({ name, everySeconds, doneAt, heldUntil }) => ({ id: name, cells: [code(name), number(everySeconds), moment(doneAt), moment(heldUntil)] })) },
    { name: 'troubles', columns: ['provider', 'failures', 'failed'], rows: troubles.map(({ providerId, failures, lastAt }) => ({ id: providerId, cells: [link(providerId, `/admin/providers/${providerId}`), number(failures), moment(lastAt)] })) },
    {
      name: 'federations',
      columns: ['federation', 'institutions', 'imported', 'valid-until', 'failure'],
      rows: federations.map(({ id, providers, importedAt, validUntil, failure }) => ({ id, cells: [code(id), number(providers), moment(importedAt), moment(validUntil), text(failure)] })),
    },
  ]
}
