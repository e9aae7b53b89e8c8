import { drawSecrets, type Walk } from '../walk.ts'
import { get } from '../exchange.ts'
import { endpointOf, issuerOf } from '../metadata.ts'
import { prepared } from '../wire-text.ts'
import type { Step } from './step.ts'

function logoutAddress(walk: Walk, state: string): string {
  const parameters = { id_token_hint: walk.tokens?.idToken ?? '', post_logout_redirect_uri: `${issuerOf(walk)}/demo`, state }
  return `${endpointOf(walk, 'end_session_endpoint')}?${new URLSearchParams(parameters)}`
}

function mayLeave(walk: Walk): boolean {
  return walk.userinfoAfter !== undefined && walk.tokens?.idToken !== undefined && walk.logout?.returned === undefined
}

export const logoutStep: Step = {
  id: 'logout',
  title: 'Sign out',
  what: 'The application ends the sign-in at the server, too.',
  why: ['Deleting its own cookie would leave the person signed in at the server. The ID token says whose sign-in is meant, so nobody is asked to confirm; `post_logout_redirect_uri` must be registered, like every address that people are sent to.'],
  isDone: (walk) => walk.logout?.returned !== undefined,
  details: (walk) => {
    const { logout } = walk
    if (walk.userinfoAfter === undefined) return {}
    return {
      exchanges: logout === undefined ? [] : [prepared({ id: 'logout-request', title: 'Where the browser went' }, get(logout.address))],
      checks: logout?.returned === undefined ? [] : [{ name: 'state', value: logout.returned, good: logout.returned === logout.state, about: 'The browser came back from this very sign-out.' }],
      actions: logout?.returned === undefined ? [{ id: 'sign-out', label: 'Sign out' }] : [{ id: 'restart', label: 'Walk again' }],
    }
  },
  actions: [
    {
      name: 'sign-out',
      may: mayLeave,
      run: async (walk) => {
        const { state } = drawSecrets()
        const address = logoutAddress(walk, state)
        return { walk: { ...walk, logout: { address, state }, last: 'logout' }, goTo: address }
      },
    },
  ],
}
