import type { DashboardSection } from './section.ts'
import { addresses } from './sections/addresses.ts'
import { clientSection } from './sections/client.ts'
import { clients } from './sections/clients.ts'
import { config } from './sections/config.ts'
import { diagnosisSection } from './sections/diagnosis.ts'
import { look } from './sections/look.ts'
import { preview } from './sections/preview.ts'
import { registerSection } from './sections/register.ts'
import { remove } from './sections/remove.ts'
import { secrets } from './sections/secrets.ts'
import { snippetsSection } from './sections/snippets.ts'
import { team } from './sections/team.ts'
import { transfer } from './sections/transfer.ts'

/** The sections of the dashboard, in the order of their links. */
export const sections: readonly DashboardSection[] = [clients, registerSection, clientSection, addresses, secrets, look, snippetsSection, config, preview, remove, transfer, team, diagnosisSection]
