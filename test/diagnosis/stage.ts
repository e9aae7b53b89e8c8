import { OPERATOR, readDiagnosis, type Diagnosis } from '../../src/management/diagnosis/read-diagnosis.ts'
import type { Actor } from '../../src/organizations/can.ts'
import type { TestServer } from '../support/app.ts'
import { basic, type JsonAnswer, type Parameters, post } from '../support/relying-party.ts'

/** Somebody who develops for the organization that owns `planner`. */
export const developer: Actor = { userId: '00000000-0000-7000-8000-000000000001', operator: false, roles: new Map([['ntu', 'developer']]) }
export const stranger: Actor = { userId: '00000000-0000-7000-8000-000000000002', operator: false, roles: new Map([['lunmal', 'admin']]) }
export { OPERATOR }

/** The reference that a refusal brought: the same in the header and in `error_uri`. */
export function referenceOf(answer: { readonly headers: Headers; readonly body: Readonly<Record<string, unknown>> }): string {
  const reference = answer.headers.get('x-request-id') ?? ''
  if (!String(answer.body['error_uri']).endsWith(`/dashboard/diagnosis/${reference}`)) throw new Error(`the references differ: ${reference} and ${String(answer.body['error_uri'])}`)
  return reference
}

/** The diagnosis of a reference, as the owner of the client sees it. */
export async function diagnosisOf(server: TestServer, reference: string, viewer: Actor = developer): Promise<Diagnosis> {
  const found = await readDiagnosis(server.ctx, reference, viewer)
  if (found === undefined) throw new Error(`no diagnosis of ${reference}`)
  return found
}

/** A token request of `planner`, refused or not. */
export function ask(server: TestServer, parameters: Parameters, headers: Readonly<Record<string, string>> = { authorization: basic('planner') }): Promise<JsonAnswer> {
  return post(server.issuer, '/oauth/token', parameters, headers)
}

/** One compared pair by its name. */
export function pair({ compared }: Diagnosis, name: string): readonly [sent: string | undefined, expected: string | undefined] {
  const found = compared.find((one) => one.name === name)
  return [found?.sent, found?.expected]
}

export function hintNames({ hints }: Diagnosis): readonly string[] {
  return hints.map(({ name }) => name)
}
