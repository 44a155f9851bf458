"""Statements that find and claim timed work of all companies: jobs, pairings, planned moves."""

from whatsapp_hub.adapters.postgres.repositories.session_settings import PLANNED_AND_DUE

TICKS = """
    INSERT INTO hub.ticks AS t (name, acted_at)
    SELECT name, (SELECT now FROM hub.time) FROM unnest($1::text[], $2::float8[]) AS job(name, every_s)
    WHERE NOT EXISTS (SELECT FROM hub.ticks WHERE ticks.name = job.name
      AND acted_at > (SELECT now FROM hub.time) - every_s * interval '1 second')
    ORDER BY name
    ON CONFLICT (name) DO UPDATE SET acted_at = excluded.acted_at
      WHERE t.acted_at <= excluded.acted_at - (
        SELECT every_s FROM unnest($1::text[], $2::float8[]) AS job(name, every_s) WHERE job.name = t.name
      ) * interval '1 second'
    RETURNING name"""

WITH_DUE_PAIRINGS = """
    SELECT tenant_id FROM hub.pairings WHERE look_at <= (SELECT now FROM hub.time)
    GROUP BY tenant_id ORDER BY min(look_at)"""
DUE_PAIRINGS = """
    UPDATE hub.pairings SET look_at = (SELECT now FROM hub.time) + $2 * interval '1 second' WHERE session_id IN (
      SELECT session_id FROM hub.pairings WHERE tenant_id = $3 AND look_at <= (SELECT now FROM hub.time)
      ORDER BY look_at LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING session_id, tenant_id"""
WITH_DUE_MOVES = f"SELECT DISTINCT o.tenant_id {PLANNED_AND_DUE}"
