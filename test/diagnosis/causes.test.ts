import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { explainText } from '../../src/cli/explain-text.ts'
import { translator } from '../../src/http/messages.ts'
import { causes, factsOf } from '../../src/protocol/causes.ts'
import { readDiagnosis } from '../../src/management/diagnosis/read-diagnosis.ts'
import { developer, diagnosisOf, hintNames, OPERATOR, pair } from './stage.ts'
import { openPlace, type Place } from './stories/place.ts'
import { stories } from './stories/index.ts'
import type { Story } from './stories/story.ts'

// Each cause by the real request that has it: the owner of the client opens the reference and finds the cause, the rule, both values and the
// mend, and `portner explain` says the same.

let place: Place
beforeAll(async () => {
  place = await openPlace()
})
afterAll(() => place.close())

const { text } = translator('en')

/** Whoever must not read a trace finds nothing under its reference. */
async function isOperatorsOnly(reference: string): Promise<boolean> {
  return (await readDiagnosis(place.server.ctx, reference, developer)) === undefined
}

async function tell({ cause, status, send, hints, pair: compared, operator, nothingCompared }: Story): Promise<void> {
  const refused = await send(place)
  expect(refused.status).toBe(status)
  const { rule, fix, routine } = factsOf(cause)
  if (routine === true) return expect(await readDiagnosis(place.server.ctx, refused.reference, OPERATOR)).toBeUndefined()
  expect(await isOperatorsOnly(refused.reference), 'who reads it').toBe(operator === true)
  const found = await diagnosisOf(place.server, refused.reference, operator === true ? OPERATOR : developer)
  expect(found).toMatchObject({ cause, rule, fix })
  expect(found.compared.length + found.hints.length > 0, 'values').toBe(nothingCompared !== true)
  if (hints !== undefined) expect(hintNames(found)).toEqual(hints)
  if (compared !== undefined) expect(pair(found, compared[0])).toEqual(compared.slice(1))
  const explained = explainText(await diagnosisOf(place.server, refused.reference, OPERATOR))
  const values = found.compared.flatMap(({ name, sent, expected }) => [name, sent ?? '', expected ?? ''])
  for (const said of [refused.reference, cause, text(`diagnosis.cause.${cause}`), rule, text(`diagnosis.fix.${fix}`), ...values]) expect(explained).toContain(said)
}

test('every cause has its story', () => {
  const told = new Set<string>(Object.values(stories).flat().map(({ cause }) => cause))
  expect(Object.keys(causes).filter((cause) => !told.has(cause))).toEqual([])
})

describe.each(Object.entries(stories))('%s', (_, rows) => {
  test.each([...rows])('$cause: $what', tell)
})

test('a warning is given once in a while', async () => {
  const { server } = place
  await server.ctx.diagnosis.flush()
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from traces where ring = 'warnings/spa' and cause = 'warning.no_state'`.execute(server.ctx.db)
  expect(rows[0]?.count).toBe(1)
})
