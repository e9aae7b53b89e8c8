import type { DashboardSection } from './section.ts'
import { clientSection } from './sections/client.ts'
import { clients } from './sections/clients.ts'
import { diagnosisSection } from './sections/diagnosis.ts'
import { registerSection } from './sections/register.ts'

/** The sections of the dashboard, in the order of their links. */
export const sections: readonly DashboardSection[] = [clients, registerSection, clientSection, diagnosisSection]
