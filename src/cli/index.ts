import { applyCommand } from './apply.ts'
import { auditCommand } from './audit.ts'
import { clientCommand } from './client/client.ts'
import type { Command } from './command.ts'
import { configCommand } from './config.ts'
import { consentCommand } from './consent/consent.ts'
import { diffCommand } from './diff.ts'
import { doctorCommand } from './doctor/doctor.ts'
import { explainCommand } from './explain.ts'
import { exportCommand } from './export.ts'
import { healthcheckCommand } from './healthcheck.ts'
import { keysCommand } from './keys.ts'
import { migrateCommand } from './migrate.ts'
import { operatorCommand } from './operator.ts'
import { organizationCommand } from './organization.ts'
import { performCommand } from './perform/perform.ts'
import { registrationTokenCommand } from './registration-token.ts'
import { serveCommand } from './serve/serve.ts'
import { tokenCommand } from './token.ts'
import { userCommand } from './user/user.ts'
import { versionCommand } from './version.ts'

// In the order of the help.
export const commands: readonly Command[] = [
  serveCommand,
  migrateCommand,
  applyCommand,
  diffCommand,
  exportCommand,
  doctorCommand,
  keysCommand,
  clientCommand,
  registrationTokenCommand,
  userCommand,
  organizationCommand,
  operatorCommand,
  consentCommand,
  tokenCommand,
  auditCommand,
  performCommand,
  explainCommand,
  healthcheckCommand,
  configCommand,
  versionCommand,
]
