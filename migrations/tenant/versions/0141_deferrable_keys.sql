-- Rows can be moved to another schema (`whatsapp-hub tenant move`): foreign keys may be checked at the end of that
-- transaction, and no key is one's own only as long as nobody else's rows come into the table.
DO $$ DECLARE key record; BEGIN
  FOR key IN
    SELECT conrelid::regclass AS relation, conname FROM pg_constraint
    WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
  LOOP
    EXECUTE format('ALTER TABLE %s ALTER CONSTRAINT %I DEFERRABLE INITIALLY IMMEDIATE', key.relation, key.conname);
  END LOOP;
END $$;
ALTER TABLE assignments DROP CONSTRAINT assignments_pkey, ADD PRIMARY KEY (tenant_id, id);
