import { type Kysely, sql } from 'kysely'

// Events become a chain: numbered without gaps, each with a keyed digest over itself and the one before. audit_chain is its two ends: the head,
// to which the next event is appended, and the anchor, up to which events were forgotten because they are old. Triggers keep everyone from
// changing or deleting an event that is not behind the anchor, and from moving an end backwards; whoever takes the triggers away still has no
// key. Events from before the chain have the numbers up to 0 and no digest. A server of the version before cannot write events any more: they
// are in its log.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table audit_events add column seq bigint, add column digest bytea, add column actor text`.execute(db)
  await sql`update audit_events set seq = numbered.seq from (select event_id, row_number() over (order by event_id) - count(*) over () as seq from audit_events) as numbered where numbered.event_id = audit_events.event_id`.execute(db)
  await sql`alter table audit_events alter column seq set not null, add constraint audit_events_seq unique (seq), add constraint audit_events_digest check (digest is not null or seq <= 0)`.execute(db)
  await sql`create index audit_events_actor on audit_events (actor, seq desc) where actor is not null`.execute(db)
  await sql`create index audit_events_event on audit_events (event, seq desc)`.execute(db)
  await sql`create index audit_events_reference on audit_events (reference) where reference is not null`.execute(db)
  await sql`create index audit_events_at on audit_events using brin (at)`.execute(db)
  await sql`create index audit_events_details on audit_events using gin (details jsonb_path_ops)`.execute(db)
  await sql`create table audit_chain (
    is_the_one boolean primary key default true check (is_the_one),
    sealed_key bytea not null,
    head_seq bigint not null,
    head_digest bytea not null,
    head_seal bytea not null,
    anchor_seq bigint not null,
    anchor_digest bytea not null,
    anchor_seal bytea not null
  )`.execute(db)
  await sql`create function refuse_audit_change() returns trigger language plpgsql as $$
    begin
      if tg_op = 'DELETE' and old.seq <= (select anchor_seq from audit_chain) then return old; end if;
      raise exception 'audit events are appended to, never changed' using errcode = 'insufficient_privilege';
    end $$`.execute(db)
  await sql`create trigger audit_events_append_only before update or delete on audit_events for each row execute function refuse_audit_change()`.execute(db)
  await sql`create trigger audit_events_not_emptied before truncate on audit_events for each statement execute function refuse_audit_change()`.execute(db)
  await sql`create function refuse_audit_rewind() returns trigger language plpgsql as $$
    begin
      if tg_op = 'UPDATE' and new.head_seq >= old.head_seq and new.anchor_seq >= old.anchor_seq then return new; end if;
      raise exception 'the ends of the audit chain only move forward' using errcode = 'insufficient_privilege';
    end $$`.execute(db)
  await sql`create trigger audit_chain_forward before update or delete on audit_chain for each row execute function refuse_audit_rewind()`.execute(db)
  await sql`create trigger audit_chain_not_emptied before truncate on audit_chain for each statement execute function refuse_audit_rewind()`.execute(db)
}
