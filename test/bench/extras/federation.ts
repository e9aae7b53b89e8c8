import { mkdtemp, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSigner } from '../../support/signed-metadata.ts'
import { writeLargeFederation } from '../../support/large-federation.ts'
import { processTree, residentMegabytes } from '../cpu.ts'
import { startPortner } from '../portner/server.ts'
import { type BenchPostgres, startPostgres } from '../postgres.ts'

// A federation of the size of eduGAIN comes into a running server: how long it takes, how much memory, and what an unchanged or hardly
// changed list costs.

export interface FederationRun {
  readonly what: string
  /** From the start of the reading process to the commit. */
  readonly seconds: number
  /** By how much the server and all that it started grew at most, together. */
  readonly grownMegabytes: number
  readonly rowsWritten: number
}

export interface FederationReport {
  readonly entities: number
  readonly megabytes: number
  readonly runs: readonly FederationRun[]
}

const ENTITIES = 6000
const CHANGED = 60
const SAMPLE_MS = 50
const LONGEST_MS = 180_000

/** Of all the processes: a page that two share counts twice, so this is rather too much. */
function memoryOf(pid: number): number {
  return processTree(pid).map(residentMegabytes).filter((megabytes) => !Number.isNaN(megabytes)).reduce((sum, megabytes) => sum + megabytes, 0)
}

async function untilImported(postgres: BenchPostgres, pid: number, what: string): Promise<FederationRun> {
  const count = async (): Promise<{ at: string | null; written: string }> => {
    const { rows } = await postgres.client.query<{ at: string | null; written: string }>(`select checked_at::text as at, (select n_tup_ins + n_tup_upd from pg_stat_user_tables where relname = 'providers')::text as written from federations`)
    return rows[0] ?? { at: null, written: '0' }
  }
  const before = await count()
  const quiet = memoryOf(pid)
  const children = processTree(pid).length
  await postgres.client.query('update federations set refresh_at = clock_now()')
  let started: number | undefined
  let most = quiet
  for (const until = performance.now() + LONGEST_MS; performance.now() < until; await sleep(SAMPLE_MS)) {
    most = Math.max(most, memoryOf(pid))
    if (started === undefined && processTree(pid).length > children) started = performance.now()
    const now = await count()
    if (now.at === before.at) continue
    const seconds = (performance.now() - (started ?? performance.now())) / 1000
    // The statistics of a session come a moment after its transaction.
    await sleep(2000)
    return { what, seconds, grownMegabytes: most - quiet, rowsWritten: Number((await count()).written) - Number(before.written) }
  }
  throw new Error('the federation was not imported')
}

/** Imports a list of 6,000 identity providers, the same again, and one with 60 changes. */
export async function measureFederation(progress: (text: string) => void): Promise<FederationReport> {
  const [postgres, folder, signer] = [await startPostgres(), await mkdtemp(join(tmpdir(), 'portner-bench-federation-')), createSigner()]
  const file = join(folder, 'federation.xml')
  const validUntil = new Date(Date.now() + 5 * 86_400_000)
  try {
    progress(`writing ${ENTITIES} entities`)
    const size = await writeLargeFederation({ file, entities: ENTITIES, signer, validUntil })
    const portner = await startPortner({ databaseUrl: postgres.url })
    try {
      await sleep(8000)
      const document = { provider_id: 'federation', protocol: 'saml_federation', name: 'Federation', metadata_file: file, signing_certificate: signer.certificate, disabled: false }
      await postgres.client.query(`insert into federations (federation_id, document, refresh_at) values ('federation', $1, 'infinity')`, [JSON.stringify(document)])
      const runs: FederationRun[] = []
      progress('all of them')
      runs.push(await untilImported(postgres, portner.pid, 'first import'))
      await utimes(file, new Date(), new Date())
      progress('the same')
      runs.push(await untilImported(postgres, portner.pid, 'nothing changed'))
      await writeLargeFederation({ file, entities: ENTITIES, signer, validUntil, changed: new Set(Array.from({ length: CHANGED }, (_value, i) => i * 100)) })
      progress(`${CHANGED} changed`)
      runs.push(await untilImported(postgres, portner.pid, `${CHANGED} changed`))
      return { entities: ENTITIES, megabytes: size / 1e6, runs }
    } finally {
      await portner.stop()
    }
  } finally {
    await postgres.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
