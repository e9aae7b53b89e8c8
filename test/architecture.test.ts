import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

// The house plan, enforced: floors, who may know fastify, one owner a table, no cycles, index.ts are lists, file length.

const ROOT = join(import.meta.dirname, '..')
const SRC = join(ROOT, 'src')

function files(folder: string, ending: string): readonly string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? files(path, ending) : name.endsWith(ending) ? [path] : []
  })
}

interface Source {
  /** Relative to src. */
  readonly path: string
  readonly text: string
  /** Relative imports, as paths relative to src. */
  readonly imports: readonly string[]
  readonly packages: readonly string[]
}

const sources: readonly Source[] = files(SRC, '.ts').map((file) => {
  const text = readFileSync(file, 'utf8')
  const specifiers = [...text.matchAll(/^(?:import|export)\b[^;]*?\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm)].map((match) => match[1] ?? match[2] ?? match[3] ?? '')
  return {
    path: relative(SRC, file),
    text,
    imports: specifiers.filter((name) => name.startsWith('.')).map((name) => normalize(join(dirname(relative(SRC, file)), name))),
    packages: specifiers.filter((name) => !name.startsWith('.') && !name.startsWith('node:')),
  }
})

/** What the snippets of the dashboard hold are programs of others: texts. */
function isOthersProgram(path: string): boolean {
  return path.startsWith('dashboard/snippets/')
}

// From the ground up. Within a floor, folders do not know each other, but for the order that `ordered` names.
const FLOORS: readonly { readonly places: readonly string[]; readonly ordered?: true }[] = [
  { places: ['lib', 'protocol'], ordered: true },
  { places: ['config.ts', 'database', 'keys', 'audit', 'diagnosis', 'mail', 'context.ts', 'http'], ordered: true },
  { places: ['clients', 'apis', 'users', 'organizations', 'sessions', 'consents'] },
  // Of what people belong to, whoever keeps it.
  { places: ['groups'] },
  { places: ['authorization-request', 'tokens', 'upstream'] },
  // A grant may sign a person in (password); sign-in knows of no grant.
  { places: ['signin', 'grants'], ordered: true },
  // What files, the API and the dashboard change goes through the same functions.
  { places: ['declarations'] },
  // How the whole is, with what is done again and again in it.
  { places: ['jobs', 'system'], ordered: true },
  { places: ['endpoints', 'account', 'gatekeeper', 'management', 'demo'] },
  { places: ['dashboard', 'admin'], ordered: true },
  { places: ['open-context.ts', 'test-approval.ts', 'test-clock.ts', 'lists.ts', 'app.ts', 'cli', 'main.ts'], ordered: true },
]

function placeOf(path: string): { readonly floor: number; readonly place: number } | undefined {
  const top = path.split('/')[0] ?? ''
  const floor = FLOORS.findIndex(({ places }) => places.includes(top))
  return floor < 0 ? undefined : { floor, place: FLOORS[floor]?.places.indexOf(top) ?? -1 }
}

function mayImport(from: string, to: string): boolean {
  const [a, b] = [placeOf(from), placeOf(to)]
  if (a === undefined || b === undefined) return false
  if (a.floor !== b.floor) return b.floor < a.floor
  return a.place === b.place || (FLOORS[a.floor]?.ordered === true && b.place < a.place)
}

describe('the floors', () => {
  test('every folder has its floor', () => {
    expect(sources.map(({ path }) => path).filter((path) => placeOf(path) === undefined)).toEqual([])
  })

  test('imports go down', () => {
    const up = sources.flatMap(({ path, imports }) => imports.filter((to) => !to.startsWith('..') && !mayImport(path, to)).map((to) => `${path} -> ${to}`))
    expect(up).toEqual([])
  })

  test('only the database reaches out of src, to the migrations', () => {
    expect(sources.flatMap(({ path, imports }) => imports.filter((to) => to.startsWith('..') && to !== '../migrations/index.ts').map((to) => `${path} -> ${to}`))).toEqual([])
  })

  test('there are no cycles', () => {
    const edges = new Map(sources.map(({ path, imports }) => [path, imports]))
    const done = new Set<string>()
    const cycles: string[] = []
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '))
        return
      }
      if (done.has(path)) return
      for (const next of edges.get(path) ?? []) visit(next, [...trail, path])
      done.add(path)
    }
    for (const { path } of sources) visit(path, [])
    expect(cycles).toEqual([])
  })
})

test('fastify stays at the door', () => {
  const allowed = /^(http\/|endpoints\/|account\/|gatekeeper\/|management\/|dashboard\/|admin\/|demo\/|signin\/(routes|browser)\.ts|signin\/steps\/|app\.ts|test-(clock|approval)\.ts|main\.ts|cli\/serve\/)/
  const strangers = sources.filter(({ path, packages }) => packages.some((name) => name === 'fastify' || name.startsWith('@fastify/')) && !allowed.test(path))
  expect(strangers.map(({ path }) => path)).toEqual([])
})

test('a table has one owner', () => {
  const tables = files(join(ROOT, 'migrations'), '.ts').flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/create table (\w+)/g)].map((match) => match[1] ?? ''))
  expect(tables.length).toBeGreaterThan(15)
  const inSql = (table: string) => new RegExp(`\\b(from|into|update|join|table(?: if not exists)?)\\s+${table}\\b|(?:selectFrom|insertInto|updateTable|deleteFrom|Join)\\('${table}( |')`)
  for (const table of tables) {
    const owners = sources.filter(({ path, text }) => path !== 'database/schema.ts' && inSql(table).test(text)).map(({ path }) => path)
    expect(owners, table).toHaveLength(1)
  }
})

test('index.ts files are lists: imports and constants, nothing that acts', () => {
  for (const { path, text } of sources.filter((source) => source.path.endsWith('/index.ts'))) {
    const statements = text.split('\n').filter((line) => /^\S/.test(line) && !/^(import |export const |const |type |export type |\/\/|\/\*\*| \*|\]|\}|\))/.test(line))
    expect(statements, path).toEqual([])
    expect(text, path).not.toMatch(/^export \* |^export \{/m)
  }
})

test('no file is longer than 300 lines', () => {
  const all = [...files(SRC, '.ts'), ...files(join(ROOT, 'migrations'), '.ts'), ...files(join(ROOT, 'test'), '.ts'), ...files(join(ROOT, 'views'), '.eta'), ...files(join(ROOT, 'views'), '.css')]
  expect(all.filter((file) => readFileSync(file, 'utf8').split('\n').length > 301).map((file) => relative(ROOT, file))).toEqual([])
})

test('nobody but the configuration and the command line reads the environment', () => {
  const readers = sources.filter(({ path }) => !isOthersProgram(path)).filter(({ text }) => /\bprocess\.env\b/.test(text)).map(({ path }) => path)
  expect(readers.filter((path) => !/^(config\.ts|cli\/|main\.ts|lib\/password\.ts|database\/embedded\/)/.test(path))).toEqual([])
})

test('no template lets a value out unescaped but through the sentences', () => {
  for (const file of files(join(ROOT, 'views'), '.eta')) {
    const raw = [...readFileSync(file, 'utf8').matchAll(/<%~\s*([^%]*?)\s*%>/g)].map((match) => match[1] ?? '')
    expect(raw.filter((expression) => !/^(html\(|include\(|includeFile\(|it\.body$|it\.scopeSentence\(|[\w.]+ \? html\()/.test(expression)), relative(ROOT, file)).toEqual([])
  }
})

test('whoever goes out goes through the guarded fetcher', () => {
  // `fetch` as a function of the platform, and what makes requests in the packages that could.
  const goesOut = /(?<![.\w])fetch\(|\bfrom 'undici'|\bimport \{[^}]*\b(?:request|get)\b[^}]*\} from 'node:https?'|\bhttps?\.(?:request|get)\(/
  const outside = sources.filter(({ text }) => goesOut.test(text.replaceAll(/^\s*(?:\/\/|\*|\/\*\*).*$/gm, ''))).map(({ path }) => path)
  // The command line and the demo ask this very server, at its own address; the connector's is a parameter, made of the guarded one; the
  // gatekeeper streams, and guards where to by its agents.
  expect(outside.filter((path) => !path.startsWith('cli/'))).toEqual(['demo/exchange.ts', 'gatekeeper/forward.ts', 'lib/guarded-fetch.ts', 'upstream/oidc-redemption.ts'])
  const made = sources.filter(({ text }) => text.includes('createGuardedFetch(')).map(({ path }) => path)
  expect(made).toEqual(['lib/guarded-fetch.ts', 'open-context.ts'])
  const withLibrary = sources.filter(({ packages, text, path }) => !isOthersProgram(path) && packages.includes('openid-client') && /client\.(?:discovery|dynamicClientRegistration|authorizationCodeGrant|fetchUserInfo)\(/.test(text))
  expect(withLibrary.filter(({ text }) => !/customFetch|outgoing\(ctx\)/.test(text)).map(({ path }) => path)).toEqual([])
})
