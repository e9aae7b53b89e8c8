import { satisfiesAcr } from '../../protocol/acr.ts'
import { essentialAcr } from '../../protocol/claims-request.ts'
import { loginRequired, unmetAuthenticationRequirements } from '../../protocol/error.ts'
import { chosenAccount } from '../chosen-account.ts'
import type { Step } from './step.ts'

/** Whether the sign-in is what the client demanded: that very person (`id_token_hint`, `sub` with a value), that kind of sign-in (essential `acr`). No page can mend it. */
export const requirements: Step = {
  name: 'requirements',
  reason: (journey) => {
    const account = chosenAccount(journey)
    const session = account?.session
    if (account === undefined || session === undefined) return undefined
    const { hint, claims, expectedUsers } = journey.request
    const { userId } = account.user
    if ((hint !== undefined && hint.sub !== userId) || expectedUsers?.includes(userId) === false) return { name: 'another_person', refuses: true, silently: () => loginRequired('Another person signed in than the application expected', { trace: { cause: 'login.other_person', compared: [{ name: 'sub', sent: userId, expected: hint?.sub, secret: true }] } }) }
    const acr = essentialAcr(claims)
    if (acr === undefined || acr.length === 0 || acr.some((value) => satisfiesAcr(session, value))) return undefined
    return { name: 'acr_unmet', refuses: true, silently: () => unmetAuthenticationRequirements('The demanded kind of sign-in is not possible', { trace: { cause: 'login.assurance', compared: [{ name: 'acr', sent: session.acr, expected: acr.join(' ') }] } }) }
  },
  pages: () => {},
}
