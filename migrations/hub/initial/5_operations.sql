-- The hub's time, its processes and figures; the record of changes, privacy, placement.

-- The hub's time: PostgreSQL's clock as long as it runs evenly, and never stepped with it. The hub's processes compare the
-- server's clock with their own each second and write the next mark (domain/operations/hub_time.py). `seen_at`: the hub's
-- time at this mark; `ahead_s`: the hub's time less the server's clock; `lag_s`: so far behind the hub's time is what
-- deletes by age; `settled_at`: since when the server's clock runs evenly.
CREATE TABLE hub.clock (
  is_one boolean PRIMARY KEY DEFAULT true CHECK (is_one),
  seen_at timestamptz NOT NULL,
  ahead_s float8 NOT NULL,
  lag_s float8 NOT NULL,
  settled_at timestamptz NOT NULL,
  number bigint NOT NULL
) WITH (fillfactor = 50);
GRANT SELECT, UPDATE ON hub.clock TO hub_system;
ALTER TABLE hub.clock ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY machinery ON hub.clock TO hub_system USING (true);
CREATE POLICY shown ON hub.clock FOR SELECT USING (true);
INSERT INTO hub.clock (seen_at, ahead_s, lag_s, settled_at, number)
VALUES (clock_timestamp(), 0, 0, clock_timestamp() - interval '1 day', 0);

-- What statements ask, once each (a function in its place takes six times as long). `now`: never before the last mark, and
-- never more than three seconds beyond it: until a step is noticed, it moves nothing further. `long_past`: what is older
-- than so long by it may be deleted; a leap of the clock makes nothing old.
CREATE VIEW hub.time AS
  SELECT t.now, t.now - t.lag_s * interval '1 second' AS long_past FROM (
    SELECT least(greatest(clock_timestamp() + ahead_s * interval '1 second', seen_at), seen_at + interval '3 seconds')
      AS now, lag_s FROM hub.clock) AS t;
GRANT SELECT ON hub.time TO PUBLIC;

-- Which processes of the hub run: each says so again and again, and one that has not for a while is not shown any more.
CREATE TABLE hub.processes (
  id uuid PRIMARY KEY,
  role text NOT NULL,
  name text NOT NULL,
  version text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT hub.now(),
  seen_at timestamptz NOT NULL DEFAULT hub.now(),
  gauges jsonb NOT NULL DEFAULT '{}'
);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.processes TO hub_system;
ALTER TABLE hub.processes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY machinery ON hub.processes TO hub_system USING (true);

-- What processes count (application/measuring.py), added up over all of them and over their lives. Bounded: labels have
-- few values.
CREATE TABLE hub.counters (
  name text NOT NULL,
  labels text[] NOT NULL,
  value float8 NOT NULL,
  PRIMARY KEY (name, labels)
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE ON hub.counters TO hub_system;
ALTER TABLE hub.counters ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY machinery ON hub.counters TO hub_system USING (true);

-- When the hub last tried whether the database stores anything; the process that finds it old tries again
-- (adapters/postgres/engine/write_probe.py).
CREATE TABLE hub.write_probe (
  is_one boolean PRIMARY KEY DEFAULT true CHECK (is_one),
  stored_at timestamptz NOT NULL
) WITH (fillfactor = 50);
GRANT SELECT, UPDATE ON hub.write_probe TO hub_system;
ALTER TABLE hub.write_probe ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY machinery ON hub.write_probe TO hub_system USING (true);
INSERT INTO hub.write_probe (stored_at) VALUES ('-infinity');

-- Who changed what. Triggers write it in the changing transaction itself, for what a caller does (`app.caller`, set by
-- hub.enter); what the hub does by itself is in the event log. Nobody may change or delete an entry but the trimming, and
-- an erasure what of it is personal. A table joins with one line: SELECT hub.audits('table', 'entity', 'quiet column', …).
CREATE TABLE hub.audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id uuid NOT NULL,
  at timestamptz NOT NULL DEFAULT hub.now(),
  caller text NOT NULL,
  user_id uuid,
  email text,
  address text,
  action text NOT NULL,
  change text NOT NULL CHECK (change IN ('create', 'update', 'delete')),
  entity text NOT NULL,
  entity_id text NOT NULL,
  before jsonb,
  after jsonb
);
CREATE INDEX audit_of_tenant ON hub.audit (tenant_id, id DESC);
CREATE INDEX audit_of_entity ON hub.audit (tenant_id, entity_id, id DESC);
CREATE INDEX audit_of_user ON hub.audit (tenant_id, user_id, id DESC);
CREATE INDEX audit_age ON hub.audit USING brin (at);
GRANT SELECT, INSERT ON hub.audit TO hub_app;
GRANT SELECT, INSERT, DELETE ON hub.audit TO hub_system;
GRANT UPDATE (before, after) ON hub.audit TO hub_system;
ALTER TABLE hub.audit ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.audit TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.audit TO hub_system USING (true);

-- Who may download a copy of one customer's personal data, until when.
CREATE TABLE hub.contact_exports (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES hub.tenants,
  contact_id uuid NOT NULL,
  caller text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT hub.now(),
  expires_at timestamptz NOT NULL,
  downloaded_at timestamptz
);
CREATE INDEX contact_exports_age ON hub.contact_exports (expires_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.contact_exports TO hub_app, hub_system;
ALTER TABLE hub.contact_exports ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.contact_exports TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.contact_exports TO hub_system USING (true);

-- How far an erasure is. What the customer was known by (`names`, each `until` when it was theirs; the chats of
-- `chat_sessions`, pairwise) is kept while it is looked for, and emptied when the erasure is finished. `counts`: rows by
-- table and way.
CREATE TABLE hub.contact_erasures (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES hub.tenants,
  contact_id uuid NOT NULL,
  caller text NOT NULL,
  user_id uuid,
  begun_at timestamptz NOT NULL DEFAULT hub.now(),
  finished_at timestamptz,
  taken_until timestamptz NOT NULL DEFAULT '-infinity',
  names text[] NOT NULL,
  untils timestamptz[] NOT NULL,
  chat_sessions uuid[] NOT NULL,
  chats text[] NOT NULL,
  conversations uuid[] NOT NULL,
  group_messages uuid[] NOT NULL DEFAULT '{}',
  events_upto bigint NOT NULL DEFAULT 0,
  audit_upto bigint NOT NULL DEFAULT 0,
  inbox_source text NOT NULL DEFAULT '',
  inbox_key text NOT NULL DEFAULT '',
  counts jsonb NOT NULL DEFAULT '{}',
  UNIQUE (tenant_id, contact_id)
);
CREATE INDEX contact_erasures_open ON hub.contact_erasures (begun_at) WHERE finished_at IS NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.contact_erasures TO hub_app, hub_system;
ALTER TABLE hub.contact_erasures ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.contact_erasures TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.contact_erasures TO hub_system USING (true);

-- An update that was erased is not taken in again when its provider delivers it once more.
CREATE TABLE hub.erased_updates (
  source text NOT NULL,
  digest bytea NOT NULL,
  tenant_id uuid NOT NULL,
  erased_at timestamptz NOT NULL DEFAULT hub.now(),
  PRIMARY KEY (source, digest)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.erased_updates TO hub_app, hub_system;
ALTER TABLE hub.erased_updates ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.erased_updates TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.erased_updates TO hub_system USING (true);

-- A tenant's rows move between `pooled` and a schema of their own while the hub works (docs/decisions/0018). A move that has
-- begun and not ended: 'copying' (the tenant is still at its source), 'clearing' (it is at its target).
CREATE TABLE hub.placement_moves (
  tenant_id uuid PRIMARY KEY REFERENCES hub.tenants,
  source text NOT NULL,
  target text NOT NULL,
  stage text NOT NULL CHECK (stage IN ('copying', 'clearing')),
  began_at timestamptz NOT NULL DEFAULT hub.now()
);
GRANT SELECT ON hub.placement_moves TO hub_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.placement_moves TO hub_system;
ALTER TABLE hub.placement_moves ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.placement_moves TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.placement_moves TO hub_system USING (true);

-- Which rows changed at the source since they were copied.
CREATE TABLE hub.placement_changes (
  tenant_id uuid NOT NULL,
  relation text NOT NULL,
  key jsonb NOT NULL
);
CREATE INDEX placement_changes_of_tenant ON hub.placement_changes (tenant_id, relation);
GRANT SELECT, INSERT, DELETE ON hub.placement_changes TO hub_app;
ALTER TABLE hub.placement_changes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.placement_changes TO hub_app USING (tenant_id = hub.tenant());

-- How many bytes a company's files have.
CREATE TABLE hub.media_use (
  tenant_id uuid PRIMARY KEY,
  bytes bigint NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.media_use TO hub_app;
GRANT SELECT ON hub.media_use TO hub_system;
ALTER TABLE hub.media_use ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.media_use TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.media_use TO hub_system USING (true);
