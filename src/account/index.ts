import type { Section } from './section.ts'
import { applications } from './sections/applications.ts'
import { groups } from './sections/groups.ts'
import { history } from './sections/history.ts'
import { institutions } from './sections/institutions.ts'
import { overview } from './sections/overview.ts'
import { password } from './sections/password.ts'
import { sessions } from './sections/sessions.ts'
import { twoStep } from './sections/two-step.ts'

/** The sections of the account pages, in the order of their links. */
export const sections: readonly Section[] = [overview, applications, password, institutions, groups, sessions, twoStep, history]
