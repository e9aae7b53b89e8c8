import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table signing_keys (
    kid text primary key,
    alg text not null,
    public_jwk jsonb not null,
    sealed_private bytea not null,
    created_at timestamptz not null default clock_now(),
    signs_from timestamptz not null,
    retires_at timestamptz,
    leaves_at timestamptz
  )`.execute(db)
}
