-- `counts` with `n` more rows of `place`.
CREATE OR REPLACE FUNCTION hub.counted(counts jsonb, place text, n bigint) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
  CASE WHEN n > 0 THEN counts || jsonb_build_object(place, coalesce((counts ->> place)::bigint, 0) + n) ELSE counts END;
