-- The hub's time: PostgreSQL's clock as long as it runs evenly, and never stepped with it. The hub's processes compare the
-- server's clock with their own each second and write the next mark (domain/operations/hub_time.py).
CREATE TABLE hub.clock (
  is_one boolean PRIMARY KEY DEFAULT true CHECK (is_one),
  seen_at timestamptz NOT NULL,    -- the hub's time at this mark
  ahead_s float8 NOT NULL,         -- the hub's time less the server's clock
  lag_s float8 NOT NULL,           -- so far behind the hub's time is what deletes by age
  settled_at timestamptz NOT NULL, -- since when the server's clock runs evenly
  number bigint NOT NULL
) WITH (fillfactor = 50);
INSERT INTO hub.clock (seen_at, ahead_s, lag_s, settled_at, number)
VALUES (clock_timestamp(), 0, 0, clock_timestamp() - interval '1 day', 0);
GRANT SELECT, UPDATE ON hub.clock TO hub_system;
ALTER TABLE hub.clock ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY machinery ON hub.clock TO hub_system USING (true);
CREATE POLICY shown ON hub.clock FOR SELECT USING (true);

-- What statements ask, once each (a function in its place takes six times as long). `now`: never before the last mark, and
-- never more than three seconds beyond it: until a step is noticed, it moves nothing further. `long_past`: what is older
-- than so long by it may be deleted; a leap of the clock makes nothing old.
CREATE VIEW hub.time AS
  SELECT t.now, t.now - t.lag_s * interval '1 second' AS long_past FROM (
    SELECT least(greatest(clock_timestamp() + ahead_s * interval '1 second', seen_at), seen_at + interval '3 seconds')
      AS now, lag_s FROM hub.clock) AS t;
GRANT SELECT ON hub.time TO PUBLIC;

-- For columns' defaults.
CREATE FUNCTION hub.now() RETURNS timestamptz LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  RETURN (SELECT now FROM hub.time);
END $$;

-- All that has asked the server's clock asks the hub's time instead: columns' defaults and functions.
DO $$
DECLARE
  each record;
BEGIN
  FOR each IN
    SELECT format('ALTER TABLE %s ALTER %I SET DEFAULT hub.now()', d.adrelid::regclass, a.attname) AS command
    FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
      JOIN pg_class t ON t.oid = d.adrelid
    WHERE t.relnamespace = 'hub'::regnamespace AND pg_get_expr(d.adbin, d.adrelid) = 'clock_timestamp()'
  LOOP
    EXECUTE each.command;
  END LOOP;
  FOR each IN
    SELECT replace(pg_get_functiondef(p.oid), 'clock_timestamp()', '(SELECT now FROM hub.time)') AS command
    FROM pg_proc p
    WHERE p.pronamespace = 'hub'::regnamespace AND p.prosrc LIKE '%clock_timestamp()%' AND p.proname <> 'now'
  LOOP
    EXECUTE each.command;
  END LOOP;
END $$;
