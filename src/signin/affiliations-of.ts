import type { Identity } from '../upstream/connector.ts'
import type { ProviderFacts } from '../upstream/provider.ts'
import type { Affiliation } from '../users/affiliations.ts'

// What a provider says of a person, at the realms that are its own. A word about another realm is left out: nobody becomes somebody's student
// because a stranger says so.

const WORD = /^[a-z-]{1,40}$/
const MOST_WORDS = 20
const LONGEST_NAME = 200

function partsOf(scoped: string): { readonly left: string; readonly realm: string } {
  const at = scoped.lastIndexOf('@')
  return { left: scoped.slice(0, at), realm: scoped.slice(at + 1).toLowerCase() }
}

/** What a provider's people are at each of its realms that it speaks of; of one with a single realm that is where they are. */
export function affiliationsOf({ provider, realms }: ProviderFacts, { said }: Identity): readonly Affiliation[] {
  const scoped = (said?.scopedAffiliations ?? []).map(partsOf)
  const isOnly = realms.length === 1
  const name = said?.principalName === undefined || said.principalName.length > LONGEST_NAME ? undefined : partsOf(said.principalName)
  return realms.flatMap((realm) => {
    const words = [...scoped.filter((one) => one.realm === realm).map(({ left }) => left), ...(isOnly ? (said?.affiliations ?? []) : [])].map((word) => word.toLowerCase()).filter((word) => WORD.test(word))
    const principalName = name?.realm === realm && name.left !== '' ? `${name.left}@${realm}` : undefined
    if (words.length === 0 && principalName === undefined && !isOnly) return []
    const kept = [...new Set(words)].slice(0, MOST_WORDS).sort()
    return [{ realm, name: provider.name, words: kept, primary: kept.find((word) => word === said?.primaryAffiliation?.toLowerCase()), principalName }]
  })
}
