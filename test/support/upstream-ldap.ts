import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { freePort } from './app.ts'
import { createAuthority, type TestAuthority } from './certificates.ts'

// A real directory: Debian's slapd on a loopback port, with a folder of its own.

const SLAPD = '/usr/sbin/slapd'
const ADD = '/usr/sbin/slapadd'

/** The name by which a test is reported as skipped where there is no directory server. */
export const withoutSlapd: string | false = existsSync(SLAPD) && spawnSync('openssl', ['version']).status === 0 ? false : 'slapd (Debian package slapd) or openssl is missing'

export const BASE = 'dc=ldap,dc=example'
export const SERVICE_DN = `cn=portner,${BASE}`
export const SERVICE_PASSWORD = 'what the directory gave portner'

const PEOPLE = `
dn: ${BASE}
objectClass: dcObject
objectClass: organization
o: Directory
dc: ldap

dn: ${SERVICE_DN}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: portner
userPassword: ${SERVICE_PASSWORD}

dn: ou=people,${BASE}
objectClass: organizationalUnit
ou: people

dn: ou=groups,${BASE}
objectClass: organizationalUnit
ou: groups

dn: uid=grace,ou=people,${BASE}
objectClass: inetOrgPerson
uid: grace
cn: Grace Hopper
displayName: Grace H.
givenName: Grace
sn: Hopper
mail: grace@ldap.example
telephoneNumber: +1 555
userPassword: grace has a password

dn: uid=bjørn,ou=people,${BASE}
objectClass: inetOrgPerson
uid: bjørn
cn: Bjørn (Åse*) \\ Ærlig
sn: Ærlig
mail: bjorn@ldap.example
userPassword: pâsswørd ☃

dn: uid=twin,ou=people,${BASE}
objectClass: inetOrgPerson
uid: twin
cn: Twin One
sn: One
mail: one@ldap.example
userPassword: twins share a password

dn: cn=Other Twin,ou=people,${BASE}
objectClass: inetOrgPerson
uid: twin
cn: Other Twin
sn: Two
mail: one@ldap.example
userPassword: twins share a password

dn: uid=nopassword,ou=people,${BASE}
objectClass: inetOrgPerson
uid: nopassword
cn: No Password
sn: Password
`

// Added over the wire: only then does the directory name them in its people's entries.
const GROUPS = `
dn: cn=Staff\\, all,ou=groups,${BASE}
objectClass: groupOfNames
cn: Staff, all
member: uid=grace,ou=people,${BASE}

dn: cn=compilers,ou=groups,${BASE}
objectClass: groupOfNames
cn: compilers
member: uid=grace,ou=people,${BASE}

dn: cn=engineering,ou=groups,${BASE}
objectClass: groupOfNames
cn: engineering
member: cn=compilers,ou=groups,${BASE}

dn: cn=everybody,ou=groups,${BASE}
objectClass: groupOfNames
cn: everybody
member: cn=engineering,ou=groups,${BASE}
member: cn=circle,ou=groups,${BASE}

dn: cn=circle,ou=groups,${BASE}
objectClass: groupOfNames
cn: circle
member: cn=everybody,ou=groups,${BASE}
`

export interface Directory {
  readonly port: number
  /** Plain, for StartTLS too. */
  readonly url: string
  readonly securePort: number
  readonly authority: TestAuthority
  /** Changes the directory, as its administrator. */
  modify(ldif: string): void
  /** Ends the server at once. */
  kill(): Promise<void>
  /** Starts it again at the same place. */
  start(): Promise<void>
  close(): Promise<void>
}

async function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

/** Starts a directory with the people above. `certificateFor`: what its certificate names. */
export async function startDirectory(options: { readonly certificateFor?: string } = {}): Promise<Directory> {
  const folder = mkdtempSync(join(tmpdir(), 'portner-slapd-'))
  const [port, securePort] = [await freePort(), await freePort()]
  const authority = createAuthority(folder)
  const { certificateFile, keyFile } = authority.issue('directory', options.certificateFor ?? 'DNS:localhost,IP:127.0.0.1')
  mkdirSync(join(folder, 'data'))
  const config = join(folder, 'slapd.conf')
  writeFileSync(
    config,
    `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
# As Active Directory does: a bind without a password succeeds, as nobody.
allow bind_anon_dn
pidfile ${folder}/slapd.pid
TLSCACertificateFile ${authority.certificateFile}
TLSCertificateFile ${certificateFile}
TLSCertificateKeyFile ${keyFile}
database mdb
maxsize 16777216
suffix "${BASE}"
rootdn "cn=root,${BASE}"
rootpw root
directory ${folder}/data
overlay memberof
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="${SERVICE_DN}" read by * none
`,
  )
  const ldif = join(folder, 'people.ldif')
  // Values that are not ASCII or begin with a sign of LDIF's stand in base64.
  writeFileSync(ldif, PEOPLE.replaceAll(/^(\w+): (.*[^\x20-\x7e\n].*)$/gm, (_line, key: string, value: string) => `${key}:: ${Buffer.from(value).toString('base64')}`))
  execFileSync(ADD, ['-f', config, '-l', ldif], { stdio: 'pipe' })

  let child: ReturnType<typeof spawn> | undefined
  const urls = `ldap://127.0.0.1:${port}/ ldaps://127.0.0.1:${securePort}/`
  const start = async (): Promise<void> => {
    // In the foreground, so that it ends with us.
    child = spawn(SLAPD, ['-f', config, '-h', urls, '-d', '0'], { stdio: 'ignore' })
    for (let i = 0; i < 100 && !(await isListening(port)); i++) await setTimeout(50)
    if (!(await isListening(port))) throw new Error('slapd did not start')
  }
  const kill = async (): Promise<void> => {
    const ended = child
    child = undefined
    if (ended === undefined || ended.exitCode !== null) return
    await new Promise((resolve) => {
      ended.once('exit', resolve)
      ended.kill('SIGKILL')
    })
  }
  await start()
  execFileSync('ldapadd', ['-x', '-H', `ldap://127.0.0.1:${port}`, '-D', `cn=root,${BASE}`, '-w', 'root'], { input: GROUPS, stdio: ['pipe', 'pipe', 'pipe'] })
  return {
    port,
    url: `ldap://127.0.0.1:${port}`,
    securePort,
    authority,
    modify: (text) => void execFileSync('ldapmodify', ['-x', '-H', `ldap://127.0.0.1:${port}`, '-D', `cn=root,${BASE}`, '-w', 'root'], { input: text, stdio: ['pipe', 'pipe', 'pipe'] }),
    kill,
    start,
    close: async () => {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The declaration of a directory as a provider. */
export function ldapYaml(id: string, url: string, more = ''): string {
  return `
kind: provider
provider_id: ${id}
protocol: ldap
name: Directory ${id}
organization: ntu
url: ${url}
bind_dn: ${SERVICE_DN}
bind_password: { value: '${SERVICE_PASSWORD}' }
base_dn: ${BASE}
${more}
`
}
