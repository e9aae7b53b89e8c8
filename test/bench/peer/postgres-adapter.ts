import type { Pool } from 'pg'

// The adapter that everyone writes for node-oidc-provider: one table, one row an artefact, its payload as JSON, unnamed statements.

interface Payload {
  readonly grantId?: string
  readonly userCode?: string
  readonly uid?: string
  readonly consumed?: unknown
}

export const PEER_TABLE = `
  create table peer_models (id text not null, type text not null, payload jsonb not null, grant_id text, user_code text, uid text, expires_at timestamptz, consumed_at timestamptz, primary key (id, type));
  create index peer_models_grant on peer_models (grant_id);
  create index peer_models_user_code on peer_models (user_code);
  create index peer_models_uid on peer_models (uid)`

/** Makes the adapter class that node-oidc-provider constructs for each of its models. */
export function postgresAdapter(pool: Pool): new (type: string) => object {
  async function findBy(type: string, column: string, value: string): Promise<Payload | undefined> {
    const { rows } = await pool.query<{ payload: Payload; consumed_at: Date | null }>(
      `select payload, consumed_at from peer_models where ${column} = $1 and type = $2 and (expires_at is null or expires_at > now())`,
      [value, type],
    )
    const row = rows[0]
    return row && { ...row.payload, ...(row.consumed_at === null ? {} : { consumed: Math.floor(row.consumed_at.getTime() / 1000) }) }
  }

  return class {
    readonly type: string
    constructor(type: string) {
      this.type = type
    }
    async upsert(id: string, payload: Payload, expiresIn: number | undefined): Promise<void> {
      await pool.query(
        `insert into peer_models (id, type, payload, grant_id, user_code, uid, expires_at) values ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7))
          on conflict (id, type) do update set payload = excluded.payload, grant_id = excluded.grant_id, user_code = excluded.user_code, uid = excluded.uid, expires_at = excluded.expires_at`,
        [id, this.type, JSON.stringify(payload), payload.grantId ?? null, payload.userCode ?? null, payload.uid ?? null, expiresIn ?? null],
      )
    }
    find(id: string): Promise<Payload | undefined> {
      return findBy(this.type, 'id', id)
    }
    findByUserCode(code: string): Promise<Payload | undefined> {
      return findBy(this.type, 'user_code', code)
    }
    findByUid(uid: string): Promise<Payload | undefined> {
      return findBy(this.type, 'uid', uid)
    }
    async consume(id: string): Promise<void> {
      await pool.query('update peer_models set consumed_at = now() where id = $1 and type = $2', [id, this.type])
    }
    async destroy(id: string): Promise<void> {
      await pool.query('delete from peer_models where id = $1 and type = $2', [id, this.type])
    }
    async revokeByGrantId(grantId: string): Promise<void> {
      await pool.query('delete from peer_models where grant_id = $1', [grantId])
    }
  }
}
