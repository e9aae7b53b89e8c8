import { parseArgs } from 'node:util'

// Owns what can be asked of the benchmark on its command line.

const ALONE = ['discovery', 'logins', 'login-timing', 'gatekeeper', 'refusals'] as const

export interface Options {
  readonly connections: number
  readonly rounds: number
  /** Requests of one path in one round. */
  readonly requests: number
  /** Live access tokens, each with its grant, in the database before anything is measured. */
  readonly rows: number
  readonly workers: number
  /** main.js of another build, measured in the same rounds. */
  readonly other: string | undefined
  readonly flood: boolean
  readonly expired: boolean
  readonly peer: boolean
  /** Only these, each with a server of its own: discovery among thousands, five hundred sign-ins at once, known and unknown names, calls through the gatekeeper, clients that are refused. */
  readonly alone: readonly (typeof ALONE)[number][]
  /** The import of a federation, and nothing else. */
  readonly federation: boolean
  /** Also the first start, an idle process, and one connection. */
  readonly start: boolean
  /** Only these paths (and the limits they are compared with). */
  readonly only: readonly string[]
  readonly json: boolean
  readonly out: string | undefined
  readonly compare: string | undefined
  /** Directory for a CPU profile of the measured server. */
  readonly profile: string | undefined
}

export const USAGE = `npm run bench -- [options]
  --connections N   keep-alive connections of the load (32)
  --rounds N        rounds, interleaved over all routes; medians are printed (5)
  --requests N      requests of one path in one round (3000)
  --rows N          live tokens preloaded: 10k, 1M, 10M (10k)
  --only A,B        only paths whose name begins so
  --workers N       also a server with N processes, in the same rounds
  --other MAIN      also the main.js of another build, in the same rounds
  --peer            also node-oidc-provider on the same PostgreSQL
  --flood           also a flood of sign-ins, 200 a second offered
  --expired         also 1,000,000 expired rows that leave under load
  --federation      only the import of a federation of 6,000 institutions
  --discovery       only discovery among 10,000 institutions (needs Chromium)
  --logins          only 500 sign-ins at once, and the token endpoint meanwhile
  --login-timing    only how long known and unknown user names take
  --gatekeeper      only a call through the gatekeeper, beside a bare proxy
  --refusals        only clients that are refused: what their time tells, what they cost
  --no-start        without the first start, the idle process and the one connection
  --profile DIR     write a CPU profile of the measured server there
  --json            print the result as JSON instead of tables
  --out FILE        also write the result as JSON to a file
  --compare FILE    show the change against such a file`

function readNumber(name: string, text: string): number {
  const match = /^(\d+)([kM]?)$/.exec(text)
  const value = Number(match?.[1]) * (match?.[2] === 'k' ? 1000 : match?.[2] === 'M' ? 1_000_000 : 1)
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name}: not a number: ${text}`)
  return value
}

/** Reads the command line; nothing when only the usage was asked for. Throws with a sentence. */
export function readOptions(args: readonly string[]): Options | undefined {
  const flag = { type: 'boolean', default: false } as const
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      connections: { ...text, default: '32' },
      rounds: { ...text, default: '5' },
      requests: { ...text, default: '3000' },
      rows: { ...text, default: '10k' },
      workers: { ...text, default: '1' },
      only: { ...text, default: '' },
      peer: flag,
      federation: flag,
      flood: flag,
      expired: flag,
      discovery: flag,
      logins: flag,
      'login-timing': flag,
      gatekeeper: flag,
      refusals: flag,
      start: { type: 'boolean', default: true },
      json: flag,
      out: text,
      compare: text,
      other: text,
      profile: text,
      help: flag,
    },
  })
  if (values.help) return undefined
  const number = (name: 'connections' | 'rounds' | 'requests' | 'rows' | 'workers'): number => readNumber(name, values[name])
  return {
    connections: number('connections'),
    rounds: number('rounds'),
    requests: number('requests'),
    rows: number('rows'),
    workers: number('workers'),
    flood: values.flood,
    expired: values.expired,
    peer: values.peer,
    alone: ALONE.filter((name) => values[name]),
    federation: values.federation,
    start: values.start,
    only: values.only === '' ? [] : values.only.split(','),
    json: values.json,
    out: values.out,
    compare: values.compare,
    other: values.other,
    profile: values.profile,
  }
}
