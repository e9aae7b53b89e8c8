import type { FastifyRequest } from 'fastify'

/** Every value of a header: Node joins or drops repeated ones, and two of them must be seen. */
export function everyHeader({ raw }: FastifyRequest, wanted: string): readonly string[] {
  return raw.rawHeaders.flatMap((name, i) => (i % 2 === 0 && name.toLowerCase() === wanted ? [raw.rawHeaders[i + 1] ?? ''] : []))
}
