import { accountCases } from './account.ts'
import { adminCases } from './admin.ts'
import type { Case } from './case.ts'
import { consentCases } from './consent.ts'
import { dashboardApiCases } from './dashboard-apis.ts'
import { dashboardTryCases } from './dashboard-try.ts'
import { dashboardCases } from './dashboard.ts'
import { diagnosisCases } from './diagnosis.ts'
import { deviceCases } from './device.ts'
import { discoveryCases } from './discovery.ts'
import { factorCases } from './factor.ts'
import { groupsCases } from './groups.ts'
import { linkingCases } from './linking.ts'
import { recoveryCases } from './recovery.ts'
import { signinCases } from './signin.ts'

/** Every page in every state: the table that the tests of the pages walk through. A view without a row fails them. */
export const cases: readonly Case[] = [...signinCases, ...accountCases, ...adminCases, ...consentCases, ...dashboardCases, ...dashboardApiCases, ...dashboardTryCases, ...deviceCases, ...diagnosisCases, ...discoveryCases, ...factorCases, ...groupsCases, ...linkingCases, ...recoveryCases]
