-- What processes count (application/measuring.py), added up over all of them and over their lives; and what each process
-- last said of itself. Bounded: labels have few values.
CREATE TABLE hub.counters (
  name text NOT NULL,
  labels text[] NOT NULL,
  value double precision NOT NULL,
  PRIMARY KEY (name, labels)
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE ON hub.counters TO hub_system;
ALTER TABLE hub.counters ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY machinery ON hub.counters TO hub_system USING (true);

ALTER TABLE hub.processes ADD COLUMN gauges jsonb NOT NULL DEFAULT '{}';
