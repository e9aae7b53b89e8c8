import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { z } from 'zod'
import { localizedText } from '../protocol/localized-text.ts'

// A type of authorization details as an operator declares it: its words for people and the JSON Schema of what it may say.

// Strict: a keyword that is not known would otherwise check nothing, and nobody would notice.
const ajv = new Ajv2020({ strict: true, allErrors: false, validateFormats: true, logger: false })
formats.default(ajv)

const compiled = new WeakMap<object, ValidateFunction>()

function compile(schema: Readonly<Record<string, unknown>>): ValidateFunction {
  const known = compiled.get(schema)
  if (known !== undefined) return known
  const { $id: _name, ...anonymous } = schema
  const validate = ajv.compile(anonymous)
  compiled.set(schema, validate)
  return validate
}

const jsonSchema = z.record(z.string(), z.unknown()).superRefine((schema, context) => {
  if (schema['type'] !== 'object') context.addIssue({ code: 'custom', message: 'must be a JSON Schema of type: object' })
  try {
    compile(schema)
  } catch (error) {
    context.addIssue({ code: 'custom', message: `is not a JSON Schema: ${error instanceof Error ? error.message : ''}`.slice(0, 300) })
  }
})

export const authorizationTypeSchema = z.strictObject({
  type: z.string().max(200).regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, 'must be a name without spaces'),
  title: localizedText,
  description: localizedText.optional(),
  /** Words for members, by their path: `amount.currency`. */
  fields: z.record(z.string().max(200), localizedText).default({}),
  consent: z.strictObject({ single_use: z.boolean().default(false) }).optional(),
  schema: jsonSchema,
})

export type AuthorizationType = z.output<typeof authorizationTypeSchema>

/** What is wrong with an object of a type, in words of its developer; nothing when it is as the schema has it. */
export function detailFault({ schema }: AuthorizationType, detail: object): string | undefined {
  const validate = compile(schema)
  if (validate(detail)) return undefined
  const [fault] = validate.errors ?? []
  return `${fault?.instancePath ?? ''} ${fault?.message ?? 'is not valid'}`.trim()
}
