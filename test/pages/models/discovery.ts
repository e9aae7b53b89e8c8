import type { Case } from './case.ts'

const ntu = { providerId: 'ntu', name: 'Norges testuniversitet', domain: 'ntu.example', initials: 'NT', href: '/signin/tx/login?provider=ntu' }
const jamia = { providerId: 'jamia', name: 'جامعة الاختبار', domain: 'jamia.example', initials: 'جا', href: '/signin/tx/login?provider=jamia' }
const long = { providerId: 'long', name: 'Die Pädagogische Fachhochschule für Vermessungswesen, Kartographie und angewandte Grundlagenforschung', domain: 'with-a-very-long-name.of-a-domain.that-goes-on.example', initials: 'DP', href: '/signin/tx/login?provider=long' }
const ends = { clientName: 'Course Planner', discoveryHref: '/signin/tx/discovery', action: '/signin/tx/leave-discovery', csrf: 'token-1' }
const discovery = {
  clientName: 'Course Planner',
  csrf: 'token-1',
  query: '',
  searchAction: '/signin/tx/discovery',
  results: [{ ...ntu, troubled: true as const }, jamia, long],
  total: 3,
  remembered: [],
  countries: [{ code: 'fi', name: 'Finland', selected: false }, { code: 'no', name: 'Norway', selected: true }],
  chosenCountry: 'Norway',
  shared: { on: true, toggleHref: '/signin/tx/discovery?shared=0', isSaid: true },
  nearbyHref: '/signin/tx/nearby?country=no',
  unlistedHref: '/signin/tx/unlisted',
}

export const discoveryCases: readonly Case[] = [
  { view: 'discovery', state: 'troubled-and-shared', model: discovery },
  { view: 'discovery', state: 'named-and-refused', model: { ...discovery, refused: [{ ...ntu, disabledReason: 'not-accepted' }], results: [jamia, long] } },
  { view: 'discovery', state: 'remembered-and-troubled', model: { ...discovery, remembered: [{ ...ntu, troubled: true, forgetAction: '/signin/tx/forget?provider=ntu' }] } },
  { view: 'provider-refused', state: 'plain', model: { ...ends, providerName: 'Norges testuniversitet' }, options: { status: 403 } },
  { view: 'provider-refused', state: 'long', model: { ...ends, providerName: long.name }, options: { status: 403 } },
  { view: 'unlisted', state: 'closed', model: { ...ends, open: [], clientHref: 'https://planner.example.org' } },
  { view: 'unlisted', state: 'open', model: { ...ends, open: [{ ...ntu, name: 'Guests' }, jamia] } },
]
