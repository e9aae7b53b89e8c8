import { chooseAccount } from './choose-account.ts'
import { chooseProvider } from './choose-provider.ts'
import { confirmDevice } from './confirm-device.ts'
import { consent } from './consent.ts'
import { insecureWarning } from './insecure-warning.ts'
import { login } from './login.ts'
import { notAllowed } from './not-allowed.ts'
import { passkeyOffer } from './passkey-offer.ts'
import { requirements } from './requirements.ts'
import { secondFactor } from './second-factor.ts'
import { signUp } from './sign-up.ts'
import type { Step } from './step.ts'

/** The steps of a sign-in, in their order. */
export const steps: readonly Step[] = [signUp, chooseAccount, chooseProvider, login, secondFactor, notAllowed, requirements, passkeyOffer, consent, confirmDevice, insecureWarning]
