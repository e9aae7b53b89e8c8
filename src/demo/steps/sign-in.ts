import type { Step } from './step.ts'

export const signInStep: Step = {
  id: 'sign-in',
  title: 'Sign in',
  what: 'The person signs in and decides, on the pages of the server.',
  why: [
    'These are the real pages: choose the institution, sign in, allow or refuse. The application waits outside and learns only the answer.',
  ],
  isDone: (walk) => walk.arrival !== undefined,
  details: (walk) => ({ actions: walk.left === undefined || walk.arrival !== undefined ? [] : [{ id: 'continue-sign-in', label: 'Continue signing in', href: walk.left }] }),
  actions: [],
}
