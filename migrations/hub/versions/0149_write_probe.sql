-- When the hub last tried whether the database stores anything; whoever finds it old tries again
-- (adapters/postgres/engine/write_probe.py).
CREATE TABLE hub.write_probe (
  is_one boolean PRIMARY KEY DEFAULT true CHECK (is_one),
  stored_at timestamptz NOT NULL
) WITH (fillfactor = 50);
INSERT INTO hub.write_probe (stored_at) VALUES ('-infinity');
GRANT SELECT, UPDATE ON hub.write_probe TO hub_system;
ALTER TABLE hub.write_probe ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY machinery ON hub.write_probe TO hub_system USING (true);
