import { z } from 'zod'
import { memberFaults, memberName } from '../declarations/issues.ts'
import { invalid } from './failure.ts'

// Owns the door: what a query or a body is read by, and that every fault is told with its member.

/** A body that its own rules will read (declarations/judge.ts). */
export const anyDocument = z.record(z.string(), z.unknown())

function read<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw invalid(memberFaults(value, result.error.issues, []).map(({ path, message }) => ({ path: memberName(path), message })))
}

/** The query by its schema; without one, anything in it is a fault. */
export function readQuery<S extends z.ZodType>(schema: S | undefined, value: unknown): z.output<S> {
  return read((schema ?? z.strictObject({})) as S, value)
}

/** The body by its schema; without one it is not looked at. */
export function readBody<S extends z.ZodType>(schema: S | undefined, value: unknown): z.output<S> {
  return schema === undefined ? (undefined as z.output<S>) : read(schema, value)
}
