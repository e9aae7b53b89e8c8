import type { Context } from '../context.ts'
import type { DemoLessonModel, DemoModel, DemoStepModel } from '../http/demo-model.ts'
import { demoPeople } from './demo-data.ts'
import { DEMO_APP_KEY, demoCode } from './demo-factor.ts'
import { breaks, others } from './lessons/index.ts'
import type { Lesson } from './lessons/lesson.ts'
import { steps } from './steps/index.ts'
import type { Step } from './steps/step.ts'
import type { Walk } from './walk.ts'
import { shown } from './wire-text.ts'

// Owns what the one page of the demo shows of a walk.

/** The first step that is not done, or nothing at the end. */
function nextStep(walk: Walk): Step | undefined {
  return steps.find((step) => !step.isDone(walk))
}

async function stepModel(ctx: Context, walk: Walk, step: Step, number: number): Promise<DemoStepModel> {
  const { id, title, what, why } = step
  const done = step.isDone(walk)
  const now = step === nextStep(walk)
  const details = done || now ? await step.details(walk, ctx) : {}
  return { id, number, title, what, why, state: done ? 'done' : now ? 'now' : 'next', open: walk.last === id, facts: [], exchanges: [], checks: [], actions: [], ...details }
}

function lessonModel(walk: Walk, lesson: Lesson): DemoLessonModel {
  const { id, title, about, label, teaches, titles } = lesson
  const exchanges = (walk.lessons[id] ?? []).map((exchange, index) => shown({ id: `${id}-${index + 1}`, title: titles[index] ?? title }, exchange))
  const link = exchanges.length === 0 ? undefined : lesson.link?.(walk)
  return { id, title, about: lesson.aboutNow?.(walk) ?? about, label, teaches, exchanges, ...(link !== undefined && { link }) }
}

function position(walk: Walk): string {
  const next = nextStep(walk)
  return next === undefined ? 'All nine steps are done.' : `Step ${steps.indexOf(next) + 1} of ${steps.length} is next: ${next.title.toLowerCase()}.`
}

export async function demoModel(ctx: Context, walk: Walk, csrf: string): Promise<DemoModel> {
  return {
    csrf,
    issuer: ctx.config.issuer,
    people: demoPeople.map((person) => (person.username === 'lin' ? { ...person, code: { now: demoCode(ctx), key: DEMO_APP_KEY } } : person)),
    position: position(walk),
    steps: await Promise.all(steps.map((step, index) => stepModel(ctx, walk, step, index + 1))),
    others: others.map((lesson) => lessonModel(walk, lesson)),
    breaks: breaks.map((lesson) => lessonModel(walk, lesson)),
  }
}
