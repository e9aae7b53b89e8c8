import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { formToken, requireOwnForm } from '../http/csrf.ts'
import { acceptForms, bodyForm, queryForm } from '../http/forms.ts'
import { goTo } from '../http/leave.ts'
import { requireOwnHost } from '../http/own-host.ts'
import { presentPageError } from '../http/page-errors.ts'
import { page } from '../http/pages.ts'
import { lessons } from './lessons/index.ts'
import { type Lesson, withExchanges } from './lessons/lesson.ts'
import { demoModel } from './model.ts'
import { judgeArrival } from './steps/callback.ts'
import { discover } from './steps/discovery.ts'
import { steps } from './steps/index.ts'
import type { Action, Outcome } from './steps/step.ts'
import { changeWalk, createWalk, readWalk, walkName } from './store.ts'
import { drawSecrets, goodCode, newWalk, type Walk } from './walk.ts'

// Owns /demo: a relying party in the box. It is a client like any other, with its own registration, its own cookie and its own memory, and
// it knows of the server only what discovery tells; it calls the endpoints over HTTP. Mounted with --demo only.

const HOME = '/demo'
const COOKIE = 'portner_demo'

function cookieOf(request: FastifyRequest): string | undefined {
  return request.cookies[COOKIE]
}

function subject(cookie: string): string {
  return `demo/${walkName(cookie)}`
}

async function show(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const known = cookieOf(request)
  const walk = await readWalk(ctx, known)
  if (walk !== undefined && known !== undefined) return page(reply, request, 'demo', await demoModel(ctx, walk, formToken(ctx, subject(known))))
  const first = newWalk(await discover(ctx.config.issuer))
  const cookie = await createWalk(ctx, first)
  // Lax: it must come along when the server sends the browser back. Not for other paths: it is the client's, not the server's.
  void reply.setCookie(COOKIE, cookie, { path: HOME, httpOnly: true, secure: !ctx.config.loopback, sameSite: 'lax' })
  return page(reply, request, 'demo', await demoModel(ctx, first, formToken(ctx, subject(cookie))))
}

/** Back from the sign-out: the browser brings the state that it was sent away with. */
async function home(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const state = queryForm(request).single.get('state')
  if (state === undefined) return show(ctx, request, reply)
  await changeWalk(ctx, cookieOf(request), async (walk) => ({ walk: walk.logout === undefined ? walk : { ...walk, logout: { ...walk.logout, returned: state } } }))
  return goTo(reply, `${HOME}#logout`)
}

function stillWaits(walk: Walk): boolean {
  return walk.left !== undefined && goodCode(walk) === undefined && walk.arrival?.stateFits !== true
}

async function arriveForLesson(ctx: Context, walk: Walk, parameters: ReadonlyMap<string, string>, lesson: Lesson): Promise<Walk> {
  const { errand, ...rest } = walk
  const code = parameters.get('code')
  if (parameters.has('error') && lesson.refused !== undefined) return withExchanges(rest, lesson.id, lesson.refused(rest, parameters))
  if (errand !== undefined && code !== undefined && lesson.keep !== undefined) return lesson.keep(rest, code, errand.secrets, ctx)
  if (errand === undefined || code === undefined || lesson.arrive === undefined) return rest
  return withExchanges(rest, lesson.id, await lesson.arrive(rest, code, errand.secrets))
}

async function arrive(ctx: Context, walk: Walk, address: string, parameters: ReadonlyMap<string, string>): Promise<Outcome> {
  const { errand } = walk
  const lesson = errand !== undefined && parameters.get('state') === errand.secrets.state ? lessons.find(({ id }) => id === errand.lesson) : undefined
  if (lesson !== undefined) return { walk: await arriveForLesson(ctx, walk, parameters, lesson), goTo: `${HOME}#${lesson.id}` }
  // What comes when nobody waits for it, or once more, changes nothing.
  if (!stillWaits(walk)) return { walk }
  return { walk: { ...walk, arrival: judgeArrival(walk, walk.secrets.state, address, parameters), last: 'callback' } }
}

async function callback(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { single } = queryForm(request)
  const outcome = await changeWalk(ctx, cookieOf(request), (walk) => arrive(ctx, walk, request.url, single))
  return goTo(reply, outcome?.goTo ?? `${HOME}#callback`)
}

const restart: Action = { name: 'restart', may: () => true, run: async (walk) => ({ walk: newWalk(walk.discovery, walk.choices) }) }

const again: Action = {
  name: 'again',
  may: () => true,
  run: async ({ discovery, choices, lessons }) => ({ walk: { discovery, choices, lessons, secrets: drawSecrets(), last: 'authorization' }, goTo: `${HOME}#authorization` }),
}

function lessonAction(lesson: Lesson): Action {
  return { name: lesson.id, may: () => true, run: (walk, _form, ctx) => lesson.start(walk, ctx) }
}

async function act(ctx: Context, request: FastifyRequest, reply: FastifyReply, action: Action): Promise<FastifyReply> {
  const form = bodyForm(request)
  const cookie = cookieOf(request)
  if ((await readWalk(ctx, cookie)) === undefined || cookie === undefined) return goTo(reply, HOME)
  requireOwnForm(ctx, request, form, subject(cookie))
  const outcome = await changeWalk<Outcome>(ctx, cookie, async (walk) => (action.may(walk) ? action.run(walk, form, ctx) : { walk }))
  return goTo(reply, outcome?.goTo ?? `${HOME}${outcome?.walk.last === undefined ? '' : `#${outcome.walk.last}`}`)
}

/** The demo's pages, and the front door of a server that has nothing else to show. */
export async function registerDemo(app: FastifyInstance, ctx: Context): Promise<void> {
  const actions = [...steps.flatMap((step) => step.actions), ...lessons.map(lessonAction), restart, again]
  await app.register(async (scope) => {
    scope.setErrorHandler((error, request, reply) => presentPageError(ctx, error, request, reply))
    requireOwnHost(scope, ctx)
    await acceptForms(scope)
    scope.get('/', (request, reply) => page(reply, request, 'demo-home', { issuer: ctx.config.issuer }))
    scope.get(HOME, (request, reply) => home(ctx, request, reply))
    scope.get(`${HOME}/callback`, (request, reply) => callback(ctx, request, reply))
    for (const action of actions) scope.post(`${HOME}/${action.name}`, (request, reply) => act(ctx, request, reply, action))
  })
}
