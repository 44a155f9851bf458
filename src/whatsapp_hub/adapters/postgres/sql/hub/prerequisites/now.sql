-- The hub's time, for columns' defaults. Statements select from hub.time, which takes a sixth of the time.
CREATE OR REPLACE FUNCTION hub.now() RETURNS timestamptz LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  RETURN (SELECT now FROM hub.time);
END $$;
