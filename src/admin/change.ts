import type { FastifyInstance, FastifyRequest } from 'fastify'
import { notFound } from '../account/not-found.ts'
import type { Changer } from '../declarations/changer.ts'
import { goTo } from '../http/leave.ts'
import { page } from '../http/pages.ts'
import type { Form } from '../protocol/form.ts'
import { type AdminKit, isOperator, type Operator } from './section.ts'

// Owns how something is changed here: a page that says what follows, and a form of ours that does it. Once or twice, the outcome is the same.

/** An operator as the rules for changes know whoever changes something. */
export function changer({ actor, user }: Operator): Changer {
  return { actor, personId: user.userId, through: 'admin' }
}

/** A change of one thing, at `path` with the thing's `:id`. */
export interface Change<T> {
  readonly section: string
  readonly path: string
  readonly question: string
  /** A reason is asked for, and kept with the record. */
  readonly reason?: boolean
  readonly box?: string
  /** The thing, if this operator may do this to it; nothing leads to 404. */
  find(id: string, operator: Operator): Promise<T | undefined>
  subject?(thing: T): string
  note?(thing: T): string | undefined
  backHref(thing: T): string
  /** Does it, with an audit event. */
  act(thing: T, given: { readonly operator: Operator; readonly reason: string; readonly ticked: boolean; readonly request: FastifyRequest }): Promise<void>
}

const LONGEST_REASON = 200

/** What was typed as a reason: one line, or nothing. */
function reasonOf(form: Form): string | undefined {
  const reason = (form.single.get('reason') ?? '').trim()
  return reason === '' || reason.length > LONGEST_REASON || /\p{Cc}/u.test(reason) ? undefined : reason
}

interface Named {
  Params: { id?: string }
}

/** The question and the answer to it, under one address. */
export function registerChange<T>(app: FastifyInstance, kit: AdminKit, change: Change<T>): void {
  const { question, path } = change
  const actionOf = (id: string): string => path.replace(':id', encodeURIComponent(id))

  async function find(id: string, operator: Operator): Promise<T> {
    const thing = await change.find(id, operator)
    if (thing === undefined) throw notFound()
    return thing
  }

  const model = (operator: Operator, id: string, thing: T, failed: Form | undefined) => ({
    admin: kit.frame(operator, change.section),
    question,
    subject: change.subject?.(thing),
    note: change.note?.(thing),
    reason: change.reason === true ? { value: failed?.single.get('reason') ?? '', failed: failed !== undefined } : undefined,
    box: change.box,
    action: actionOf(id),
    csrf: kit.token(operator, actionOf(id)),
    backHref: change.backHref(thing),
  })

  app.get<Named>(path, async (request, reply) => {
    const operator = await kit.requireOperator(request, reply, { change: true })
    if (!isOperator(operator)) return operator
    const id = request.params.id ?? ''
    return page(reply, request, 'admin-confirm', model(operator, id, await find(id, operator), undefined))
  })

  app.post<Named>(path, async (request, reply) => {
    const operator = await kit.requireOperator(request, reply, { change: true })
    if (!isOperator(operator)) return operator
    const id = request.params.id ?? ''
    const form = kit.ownForm(request, operator, actionOf(id))
    const thing = await find(id, operator)
    const reason = change.reason === true ? reasonOf(form) : ''
    if (reason === undefined) return page(reply, request, 'admin-confirm', model(operator, id, thing, form), { status: 400 })
    await change.act(thing, { operator, reason, ticked: form.single.get('box') === '1', request })
    return goTo(reply, `${change.backHref(thing)}?done=${question}`)
  })
}
