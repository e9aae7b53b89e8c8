import type { FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import { queryForm } from '../../http/forms.ts'
import { toldByProxy } from '../../http/trusted-proxy.ts'
import { withoutLocalPart } from '../../upstream/read-query.ts'

// Owns what a request asks of the discovery page: what was typed, where to look first, which page, and whether the computer is shared.

export interface Search {
  /** Of an e-mail address the domain; the rest is not looked at, shown or kept. */
  readonly query: string
  readonly isAddress: boolean
  readonly country: string | undefined
  readonly chosenCountry: boolean
  readonly pageNumber: number
  /** As the request says; nothing when it does not. */
  readonly shared: boolean | undefined
}

const COUNTRY = /^[a-z]{2}$/
const LONGEST_QUERY = 100
const LAST_PAGE = 400
const BY_LANGUAGE: Readonly<Record<string, string>> = { nb: 'no', nn: 'no', no: 'no', fi: 'fi', sv: 'se', da: 'dk', is: 'is' }

function languagesOf(request: FastifyRequest): readonly string[] {
  return (request.headers['accept-language'] ?? '').split(',').map((part) => part.split(';')[0]?.trim() ?? '')
}

function countryOfProxy(ctx: Context, request: FastifyRequest): string | undefined {
  const country = toldByProxy(ctx, request, ctx.config.countryHeader)?.toLowerCase() ?? ''
  return COUNTRY.test(country) && country !== 'xx' ? country : undefined
}

/** The country that the browser's languages suggest, else a proxy, else the one where a language is at home; never the person's location. */
function likelyCountry(ctx: Context, request: FastifyRequest): string | undefined {
  const languages = languagesOf(request)
  const region = languages.map((language) => /^[a-z]{2,3}-([A-Za-z]{2})$/.exec(language)?.[1]).find((found) => found !== undefined)
  return region?.toLowerCase() ?? countryOfProxy(ctx, request) ?? BY_LANGUAGE[languages[0]?.split('-')[0] ?? '']
}

export function readSearch(ctx: Context, request: FastifyRequest): Search {
  const { single } = queryForm(request)
  const typed = (single.get('q') ?? '').slice(-LONGEST_QUERY)
  const country = single.get('country')
  const chosen = country !== undefined && COUNTRY.test(country) ? country : undefined
  const number = Number(single.get('page') ?? '1')
  const shared = single.get('shared')
  return {
    query: withoutLocalPart(typed),
    isAddress: typed.includes('@'),
    country: chosen ?? likelyCountry(ctx, request),
    chosenCountry: chosen !== undefined,
    pageNumber: Number.isInteger(number) && number >= 1 && number <= LAST_PAGE ? number : 1,
    shared: shared === undefined ? undefined : shared === '1',
  }
}
