import type { Context } from '../../context.ts'
import type { DemoStepModel } from '../../http/demo-model.ts'
import type { Form } from '../../protocol/form.ts'
import type { Walk } from '../walk.ts'

/** What became of a button: the walk as it is now, and where the browser goes when that is not the walk's own page. */
export interface Outcome {
  readonly walk: Walk
  readonly goTo?: string
}

/** A button of the demo. `run` is called only while `may` says so: pressed twice, it does its work once. */
export interface Action {
  /** Its path below /demo/. */
  readonly name: string
  may(walk: Walk): boolean
  run(walk: Walk, form: Form, ctx: Context): Promise<Outcome>
}

/** What a step shows while it is the next one to do, and after. */
export type StepDetails = Partial<Pick<DemoStepModel, 'choices' | 'facts' | 'exchanges' | 'checks' | 'actions'>>

/** One step of the walk: one file and one line in index.ts. */
export interface Step {
  readonly id: string
  readonly title: string
  readonly what: string
  readonly why: readonly string[]
  isDone(walk: Walk): boolean
  details(walk: Walk, ctx: Context): StepDetails | Promise<StepDetails>
  readonly actions: readonly Action[]
}
