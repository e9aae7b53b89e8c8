import type { AuthorizationType } from '../apis/authorization-type.ts'
import { findAuthorizationTypes } from '../apis/authorization-types.ts'
import type { Context } from '../context.ts'
import type { DetailItem } from '../http/detail-item.ts'
import { type Locale, localized } from '../http/locale.ts'
import type { AuthorizationDetail } from '../protocol/authorization-details.ts'

// What authorization details mean to the person: the type's words, and every value there is. What nobody found words for is shown by its
// name; nothing is left out, or somebody could allow what they never read.

type Row = DetailItem['rows'][number]
type Schema = Readonly<Record<string, unknown>>

/** A member that is there and empty: it may mean something to the API, so it is shown. */
const NOTHING = '–'

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function memberSchema(schema: Schema | undefined, name: string): Schema | undefined {
  const properties = schema?.['properties']
  const member = isSchema(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined
  return isSchema(member) ? member : undefined
}

function labelOf({ fields }: AuthorizationType, path: readonly string[], schema: Schema | undefined, language: Locale): string {
  const name = path.join('.')
  const words = Object.hasOwn(fields, name) ? fields[name] : undefined
  if (words !== undefined) return localized(words, language)
  return typeof schema?.['title'] === 'string' ? schema['title'] : name
}

function isPlain(value: unknown): value is string | number | boolean | null {
  return typeof value !== 'object' || value === null
}

function rowsOf(type: AuthorizationType, value: unknown, path: readonly string[], schema: Schema | undefined, language: Locale): readonly Row[] {
  const label = labelOf(type, path, schema, language)
  if (isPlain(value)) return [{ label, value: String(value) }]
  if (Array.isArray(value)) {
    if (value.every(isPlain)) return [{ label, value: value.length === 0 ? NOTHING : value.map(String).join(', ') }]
    const items = isSchema(schema?.['items']) ? schema['items'] : undefined
    return value.flatMap((one, i) => rowsOf(type, one, [...path, String(i + 1)], items, language))
  }
  const members = Object.entries(value as object)
  if (members.length === 0) return [{ label, value: NOTHING }]
  return members.flatMap(([name, inner]) => rowsOf(type, inner, [...path, name], memberSchema(schema, name), language))
}

/** The authorization details of a request, for the consent page. */
export async function detailItems(ctx: Context, details: readonly AuthorizationDetail[], language: Locale): Promise<readonly DetailItem[]> {
  if (details.length === 0) return []
  const types = await findAuthorizationTypes(ctx)
  return details.map(({ type: name, ...members }) => {
    const type = types.get(name)
    // Taken away while the person was signing in: all of it is shown by its names.
    const known: AuthorizationType = type ?? { type: name, title: name, fields: {}, schema: {} }
    const rows = Object.entries(members).flatMap(([member, value]) => rowsOf(known, value, [member], memberSchema(known.schema, member), language))
    return { type: name, title: localized(known.title, language), description: known.description && localized(known.description, language), once: known.consent?.single_use === true, rows }
  })
}
