import { addresses } from './addresses.ts'
import { clients } from './clients.ts'
import { codes } from './codes.ts'
import { elsewhere } from './elsewhere.ts'
import { gatekeeper } from './gatekeeper.ts'
import { registration } from './registration.ts'
import { requests } from './requests.ts'
import { signingIn } from './signing-in.ts'
import type { Story } from './story.ts'
import { tokens } from './tokens.ts'
import { troubles } from './troubles.ts'
import { warnings } from './warnings.ts'

// Every story of a cause, by what it is about. A cause without one fails the suite.
export const stories: Readonly<Record<string, readonly Story[]>> = { addresses, clients, codes, requests, tokens, 'signing in': signingIn, elsewhere, gatekeeper, registration, troubles, warnings }
