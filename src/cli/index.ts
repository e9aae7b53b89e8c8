import { applyCommand } from './apply.ts'
import type { Command } from './command.ts'
import { diffCommand } from './diff.ts'
import { exportCommand } from './export.ts'
import { migrateCommand } from './migrate.ts'
import { serveCommand } from './serve/serve.ts'
import { versionCommand } from './version.ts'

// In the order of the help.
export const commands: readonly Command[] = [serveCommand, migrateCommand, applyCommand, diffCommand, exportCommand, versionCommand]
