import type { PageOptions } from '../../../src/http/pages.ts'
import type { Views } from '../../../src/http/views.ts'

/** One page in one state. */
export type Case = { [K in keyof Views]: { readonly view: K; readonly state: string; readonly model: Views[K]; readonly options?: PageOptions } }[keyof Views]
