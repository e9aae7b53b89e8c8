import { sections } from './account/index.ts'
import { sections as adminSections } from './admin/index.ts'
import { checks } from './authorization-request/checks/index.ts'
import { responseModes } from './authorization-request/response-modes/index.ts'
import { responseTypes } from './authorization-request/response-types.ts'
import { clientAuthenticationMethods } from './clients/authentication/index.ts'
import { sections as dashboardSections } from './dashboard/index.ts'
import { kinds } from './declarations/index.ts'
import { endpoints } from './endpoints/index.ts'
import { offered } from './endpoints/offered.ts'
import { grantTypes } from './grants/index.ts'
import { groupSources } from './groups/index.ts'
import { jobs } from './jobs/index.ts'
import { resources } from './management/index.ts'
import { steps } from './signin/steps/index.ts'
import { senderConstraints } from './tokens/sender-constraint/index.ts'
import { connectorTypes } from './upstream/index.ts'

/** Every list that the server is made of, by what its items are called by. */
export const lists: Readonly<Record<string, readonly string[]>> = {
  'client authentication methods': clientAuthenticationMethods.map(({ name }) => name),
  'authorization request checks': checks.map(({ name }) => name),
  'response modes': responseModes.map(({ name }) => name),
  'response types': responseTypes.map(({ type }) => type),
  'grant types': grantTypes.map(({ type }) => type),
  'protocols of sign-in': connectorTypes.map(({ protocol }) => protocol),
  'sender constraints': senderConstraints.map(({ name }) => name),
  'sign-in steps': steps.map(({ name }) => name),
  'sections of the account pages': sections.map(({ name }) => name),
  'sections of the dashboard': dashboardSections.map(({ name }) => name),
  'sections of the operators’ pages': adminSections.map(({ name }) => name),
  endpoints: endpoints.map(({ name }) => name),
  'operations of the management API': resources.flatMap((resource) => resource(offered)).map(({ id }) => id),
  'kinds of documents': kinds.map(({ kind }) => kind),
  'sources of groups': groupSources.map(({ name }) => name),
  jobs: jobs.map(({ name }) => name),
}

/** Stops the start of a server with a list that is empty or names something twice: the second one would silently never be asked. */
export function requireSoundLists(all: typeof lists): void {
  for (const [list, names] of Object.entries(all)) {
    if (names.length === 0) throw new Error(`the list of ${list} is empty`)
    const twice = names.find((name, i) => name === '' || names.indexOf(name) !== i)
    if (twice !== undefined) throw new Error(`the list of ${list} names "${twice}" twice or not at all`)
  }
}
