-- Automatic rules, in their order. A department or a session may be gone: such a rule is skipped.

CREATE TABLE rules (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  place integer NOT NULL,
  name text NOT NULL,
  session_id uuid,
  words text[] NOT NULL,
  outside_hours boolean,
  labels text[] NOT NULL,
  priority smallint CHECK (priority BETWEEN -1 AND 2),
  department_id uuid,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
CREATE INDEX rules_of_tenant ON rules (tenant_id, place);
GRANT SELECT, INSERT, UPDATE, DELETE ON rules TO hub_app;
ALTER TABLE rules ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON rules TO hub_app USING (tenant_id = hub.tenant());
SELECT hub.audits('rules', 'rule', 'place');
