import { type Kysely, sql } from 'kysely'

// Which clients took part in a session, and what each must be told when it ends. A trigger writes the deliveries: however a session ends
// (here, on the account pages, by command), they are written in the same transaction or the session has not ended.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table session_participants (
    session_id uuid not null,
    client_key bigint not null,
    joined_at timestamptz not null default clock_now(),
    primary key (session_id, client_key)
  )`.execute(db)
  await sql`create index session_participants_joined on session_participants (joined_at)`.execute(db)
  await sql`create table logout_deliveries (
    delivery_id bigint primary key generated always as identity,
    client_key bigint not null,
    session_id uuid not null,
    user_id uuid not null,
    attempts integer not null default 0,
    next_at timestamptz not null default clock_now(),
    ends_at timestamptz not null default clock_now() + interval '24 hours'
  )`.execute(db)
  await sql`create index logout_deliveries_next on logout_deliveries (next_at)`.execute(db)
  await sql`create function tell_participants() returns trigger language plpgsql as $$
    begin
      insert into logout_deliveries (client_key, session_id, user_id)
        select p.client_key, new.session_id, new.user_id from session_participants p where p.session_id = new.session_id;
      return null;
    end $$`.execute(db)
  await sql`create trigger sessions_ended after update of ended_at on sessions for each row
    when (old.ended_at is null and new.ended_at is not null) execute function tell_participants()`.execute(db)
}
