import type { Context } from '../../context.ts'
import type { DemoLessonModel } from '../../http/demo-model.ts'
import type { Exchange } from '../exchange.ts'
import type { Outcome } from '../steps/step.ts'
import type { Secrets, Walk } from '../walk.ts'

/** Something to try beside the walk: one file and one line in index.ts. */
export interface Lesson {
  readonly id: string
  readonly title: string
  readonly about: string
  readonly label: string
  readonly teaches: string
  readonly titles: readonly string[]
  start(walk: Walk, ctx: Context): Promise<Outcome>
  /** For a lesson that needs a code of its own: what it does with it. */
  arrive?(walk: Walk, code: string, secrets: Secrets): Promise<readonly Exchange[]>
  /** For a lesson that does nothing yet with its code. */
  keep?(walk: Walk, code: string, secrets: Secrets, ctx: Context): Walk
  /** What there is to say instead of `about` at a point of the lesson. */
  aboutNow?(walk: Walk): string | undefined
  /** For a lesson whose request comes back refused: what there is to see of it. */
  refused?(walk: Walk, parameters: ReadonlyMap<string, string>): readonly Exchange[]
  readonly link?: (walk: Walk) => DemoLessonModel['link']
}

/** A walk with the exchanges of a lesson. */
export function withExchanges(walk: Walk, lesson: string, exchanges: readonly Exchange[]): Walk {
  return { ...walk, lessons: { ...walk.lessons, [lesson]: exchanges }, last: lesson }
}
