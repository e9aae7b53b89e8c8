import type { Client } from 'pg'
import { sha256 } from '../../../src/lib/digest.ts'
import { tokenText } from '../../../src/lib/opaque-token.ts'
import { challengeOf } from '../../../src/protocol/pkce.ts'
import { REDIRECT_URI, SERVICE, WEB } from './documents.ts'

// Owns what lies in the database before anything is measured: people, sessions, grants with refresh tokens, live access tokens, codes.
// Written as sets; the secret of each row is the SHA-256 of its id, so that the text of any token can be made when it is wanted.

const USERS = 1000
const CHUNK = 100_000
/** How many different tokens one path asks about. */
const SAMPLE = 20_000
export const VERIFIER = 'bench-bench-bench-bench-bench-bench-bench-bench'
const CLAIMS = { name: 'Ada Example', given_name: 'Ada', family_name: 'Example', preferred_username: 'ada', email: 'ada@bench.example', email_verified: true, locale: 'nb-NO' }
const DETAILS = { nonce: 'n-0S6_WzA2Mj', acr: 'urn:bench:password', amr: ['pwd'] }

// Ids as the server draws them: time first, then random bits.
const HELPERS = `
  create function pg_temp.row_id(at timestamptz) returns uuid language sql volatile as
    $$ select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || substr(md5(random()::text), 1, 3) || 'a' || substr(md5(random()::text), 1, 15))::uuid $$;
  create function pg_temp.secret_hash(id uuid) returns bytea language sql immutable as $$ select sha256(sha256(convert_to(id::text, 'UTF8'))) $$`

function secretOf(id: string): Buffer {
  return sha256(id)
}

async function insertPeople(client: Client): Promise<void> {
  await client.query(`create temporary table bench_people as select gen_random_uuid() as user_id, pg_temp.row_id(now()) as session_id, i from generate_series(1, $1::int) i`, [USERS])
  await client.query(`insert into users (user_id, username, organization_id, claims, groups) select user_id, 'person' || i, 'bench', $1, '{staff}' from bench_people`, [JSON.stringify(CLAIMS)])
  await client.query(`insert into sessions (session_id, browser_id, user_id, provider_id, auth_time, amr, remembered, expires_at)
    select session_id, gen_random_uuid(), user_id, 'bench', now(), '{pwd}', false, now() + interval '1 day' from bench_people`)
}

/** Every other grant is one with an id token. */
async function insertGrants(client: Client, from: number, count: number): Promise<void> {
  await client.query(
    `with item as (select pg_temp.row_id(now() - make_interval(secs => i % 3000)) as grant_id, i from generate_series($1::int, $2::int) i order by i % 3000),
      granted as (insert into grants (grant_id, client_key, user_id, session_id, scope, details, auth_time, offline, expires_at, refresh_hash, refresh_expires_at)
        select item.grant_id, c.client_key, p.user_id, p.session_id, case item.i % 2 when 0 then 'openid profile email' else 'profile email' end, $3::jsonb, date_trunc('second', now()), false,
          now() + interval '90 days', pg_temp.secret_hash(item.grant_id), now() + interval '30 days'
        from item join bench_people p on p.i = item.i % ${USERS} + 1 join clients c on c.client_id = $4 returning grant_id, client_key, scope)
    insert into access_tokens (token_id, expires_at, client_key, grant_id, secret_hash, scope)
      select token_id, now() + interval '6 hours', client_key, grant_id, pg_temp.secret_hash(token_id), scope
      from (select pg_temp.row_id(to_timestamp(('x' || substr(grant_id::text, 1, 8) || substr(grant_id::text, 10, 4))::bit(48)::bigint / 1000.0)) as token_id, g.* from granted g) t`,
    [from, from + count - 1, JSON.stringify(DETAILS), WEB],
  )
}

/** Fills the database with `rows` live tokens, each with its grant. The clients must be there. */
export async function preload(client: Client, rows: number): Promise<void> {
  await client.query(HELPERS)
  await client.query(`create table limit_rows (id uuid primary key, expires_at timestamptz not null, client_key bigint not null, secret_hash bytea not null, scope text not null)`)
  await insertPeople(client)
  for (let from = 0; from < rows; from += CHUNK) {
    const count = Math.min(CHUNK, rows - from)
    await insertGrants(client, from, count)
    await client.query(`insert into limit_rows select pg_temp.row_id(now()), now() + interval '1 hour', 1, sha256('x'), 'gk_bench' from generate_series(1, $1::int)`, [count])
  }
  await client.query('vacuum analyze')
  await client.query('checkpoint')
}

async function sample(client: Client, sql: string, rows: number): Promise<readonly string[]> {
  const { rows: found } = await client.query<{ id: string }>(`${sql} and random() < $1 limit $2`, [Math.min(1, (SAMPLE * 3) / rows), SAMPLE])
  return found.map(({ id }) => id)
}

/** Live access tokens that may ask about a person. */
export async function sampleAccessTokens(client: Client, rows: number): Promise<readonly string[]> {
  const ids = await sample(client, `select token_id as id from access_tokens where scope = 'openid profile email'`, rows)
  return ids.map((id) => tokenText('at', id, secretOf(id)))
}

/** Refresh tokens of grants with and without an id token. Two servers get a half each: a token is spent once. */
export async function sampleRefreshTokens(client: Client, rows: number, openid: boolean, half: 0 | 1): Promise<readonly string[]> {
  const mine = half === 0 ? `< '8'` : `>= '8'`
  const ids = await sample(client, `select grant_id as id from grants where scope = '${openid ? 'openid profile email' : 'profile email'}' and right(grant_id::text, 1) ${mine}`, rows)
  return ids.map((id) => tokenText('rt', id, secretOf(id)))
}

/** Keys of the rows that the limit routes read. */
export function sampleLimitRows(client: Client, rows: number): Promise<readonly string[]> {
  return sample(client, 'select id from limit_rows where true', rows)
}

/** New codes, ready to be redeemed with VERIFIER. */
export async function insertCodes(client: Client, count: number): Promise<readonly string[]> {
  const { rows } = await client.query<{ id: string }>(
    `insert into authorization_codes (code_id, secret_hash, grant_id, client_key, user_id, session_id, redirect_uri, redirect_uri_given, code_challenge, scope, details, auth_time, offline, expires_at)
      select t.code_id, pg_temp.secret_hash(t.code_id), pg_temp.row_id(now()), c.client_key, p.user_id, p.session_id, $2, true, $3, 'openid profile email', $4::jsonb, date_trunc('second', now()), false, now() + interval '1 hour'
      from (select pg_temp.row_id(now()) as code_id, i from generate_series(1, $1::int) i) t join bench_people p on p.i = t.i % ${USERS} + 1 join clients c on c.client_id = $5
      returning code_id as id`,
    [count, REDIRECT_URI, challengeOf(VERIFIER), JSON.stringify(DETAILS), WEB],
  )
  return rows.map(({ id }) => tokenText('ac', id, secretOf(id)))
}

/** Access tokens of the service whose time is long past: what the job that deletes them finds. */
export async function insertExpiredTokens(client: Client, count: number): Promise<void> {
  for (let from = 0; from < count; from += CHUNK) {
    await client.query(
      `insert into access_tokens (token_id, expires_at, client_key, secret_hash, scope)
        select pg_temp.row_id(at), at + interval '1 hour', (select client_key from clients where client_id = $3), sha256('x'), 'gk_bench'
        from (select now() - interval '1 day' + make_interval(secs => i * 0.05) as at from generate_series($1::int, $2::int) i) t`,
      [from, Math.min(from + CHUNK, count) - 1, SERVICE],
    )
  }
}
