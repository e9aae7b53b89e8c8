import { authorizationStep } from './authorization.ts'
import { callbackStep } from './callback.ts'
import { discoveryStep } from './discovery.ts'
import { idTokenStep } from './id-token.ts'
import { logoutStep } from './logout.ts'
import { signInStep } from './sign-in.ts'
import type { Step } from './step.ts'
import { tokenStep } from './token.ts'
import { tokenLifeStep } from './token-life.ts'
import { userinfoStep } from './userinfo.ts'

// In the order in which they are walked.
export const steps: readonly Step[] = [discoveryStep, authorizationStep, signInStep, callbackStep, tokenStep, idTokenStep, userinfoStep, tokenLifeStep, logoutStep]
