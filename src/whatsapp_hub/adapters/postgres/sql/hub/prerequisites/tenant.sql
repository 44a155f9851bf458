-- The tenant of this transaction (hub.enter); null without one: row-level security then shows nothing.
CREATE OR REPLACE FUNCTION hub.tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  RETURN nullif(current_setting('app.tenant_id', true), '')::uuid;
