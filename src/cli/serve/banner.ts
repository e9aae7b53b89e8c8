import { resolve } from 'node:path'
import type { Config } from '../../config.ts'
import { demoPeople } from '../../demo/demo-data.ts'
import { DEMO_APP_KEY } from '../../demo/demo-factor.ts'
import { portnerVersion } from '../../open-context.ts'

// Owns the box that a newcomer sees when the server is up.

function width(line: string): number {
  return [...new Intl.Segmenter().segment(line)].length
}

function box(lines: readonly string[]): string {
  const inner = Math.max(...lines.map(width))
  const rule = '─'.repeat(inner + 2)
  return [`┌${rule}┐`, ...lines.map((line) => `│ ${line}${' '.repeat(inner - width(line))} │`), `└${rule}┘`, ''].join('\n')
}

/** Where everything is, who can sign in, and a command that works. Only for the demo: nothing in it is secret. */
export function demoBanner(config: Config, embedded: boolean): string {
  const { issuer } = config
  return box([
    `Portner ${portnerVersion()} runs. This is the demo: public secrets, this machine only.`,
    '',
    `Try it         ${issuer}/demo`,
    `Developers     ${issuer}/dashboard`,
    `Operators      ${issuer}/admin (ada)`,
    `Issuer         ${issuer}`,
    `Metadata       ${issuer}/.well-known/openid-configuration`,
    ...(embedded ? [`Data           ${resolve(config.dataDir)} (embedded PostgreSQL; for trying out, one machine)`] : []),
    '',
    ...demoPeople.map(({ username, password, about }, i) => `${i === 0 ? 'People' : '      '}         ${username} / ${password}  (${about})`),
    `               lin also needs a code: ${issuer}/demo shows it (key ${DEMO_APP_KEY})`,
    'Clients        demo-web, demo-http, demo-service / demo-secret',
    '',
    'A token for a machine:',
    `curl -s -u demo-service:demo-secret -d grant_type=client_credentials ${issuer}/oauth/token`,
    '',
    'Ctrl-C stops it; the data stays.',
  ])
}
