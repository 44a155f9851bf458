"""A schema's catalogue as lines of text that are the same on every server, for every owner and in every schema."""

import re
from typing import Any

_PATH = "SELECT set_config('search_path', $1, true)"
_RELATIONS = """
    relations AS (
      SELECT c.*, c.oid::regclass::text AS says, n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE (n.nspname = $1 OR $1 = 'hub' AND n.nspname = 'whatsmeow' AND c.relname = 'devices')
        AND c.relname NOT LIKE 'alembic_version%'),
    grants AS (
      SELECT r.oid, a.grantee, a.privilege_type, '' AS columns FROM relations r, aclexplode(r.relacl) AS a
      WHERE a.grantee <> r.relowner AND a.privilege_type <> 'MAINTAIN'
      UNION ALL
      SELECT r.oid, a.grantee, a.privilege_type, ' (' || t.attname || ')'
      FROM relations r JOIN pg_attribute t ON t.attrelid = r.oid, aclexplode(t.attacl) AS a)"""
_OWNER = """CASE WHEN {0} = (SELECT nspowner FROM pg_namespace WHERE nspname = $1) THEN 'the owner'
      ELSE {0}::regrole::text END"""
_LINES = f"""
    WITH {_RELATIONS}
    SELECT format('%s %s: owner %s%s%s', CASE relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' ELSE 'sequence' END,
      says, {_OWNER.format("relowner")}, CASE WHEN relrowsecurity THEN ', row security' END,
      CASE WHEN relforcerowsecurity THEN ' forced' END)
    FROM relations WHERE relkind IN ('r', 'v', 'S', 'p', 'm', 'f')
    UNION ALL
    SELECT format('column %s.%s: %s %s%s%s%s%s%s', says, attname,
      row_number() OVER (PARTITION BY attrelid ORDER BY attnum),
      format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN ' not null' END,
      ' default ' || pg_get_expr(d.adbin, d.adrelid), ' identity ' || nullif(attidentity::text, ''),
      ' generated ' || nullif(attgenerated::text, ''),
      CASE WHEN attcollation <> t.typcollation THEN ' collate ' || attcollation::regcollation END)
    FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid JOIN pg_type t ON t.oid = a.atttypid
      LEFT JOIN pg_attrdef d ON d.adrelid = attrelid AND d.adnum = attnum
    WHERE relkind IN ('r', 'v', 'p') AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT format('storage %s.%s: %s', says, attname, attstorage)
    FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid JOIN pg_type t ON t.oid = a.atttypid
    WHERE relkind = 'r' AND attnum > 0 AND NOT attisdropped AND attstorage <> typstorage
    UNION ALL
    SELECT format('constraint %s of %s: %s%s', conname, says, pg_get_constraintdef(c.oid),
      CASE WHEN NOT convalidated THEN ' not valid' END)
    FROM relations r JOIN pg_constraint c ON c.conrelid = r.oid WHERE contype IN ('p', 'u', 'c', 'f', 'x')
    UNION ALL
    SELECT format('index %s%s', pg_get_indexdef(indexrelid), CASE WHEN NOT indisvalid THEN ' not valid' END)
    FROM relations r JOIN pg_index i ON i.indrelid = r.oid
    UNION ALL
    SELECT format('policy %s of %s: %s for %s to %s using %s check %s', polname, says, polpermissive, polcmd,
      (SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE role::regrole::text END, ', ' ORDER BY role::regrole::text)
       FROM unnest(polroles) AS role), pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
    FROM relations r JOIN pg_policy p ON p.polrelid = r.oid
    UNION ALL
    SELECT format('trigger of %s: %s enabled %s', says, pg_get_triggerdef(t.oid), tgenabled)
    FROM relations r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT tgisinternal
    UNION ALL
    SELECT format('grant on %s to %s: %s', says, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END,
      string_agg(privilege_type || columns, ', ' ORDER BY privilege_type || columns))
    FROM relations JOIN grants USING (oid) GROUP BY says, grantee
    UNION ALL
    SELECT format('grant on the schema to %s: %s', a.grantee::regrole,
      string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type))
    FROM pg_namespace n, aclexplode(n.nspacl) AS a WHERE n.nspname = $1 AND a.grantee <> n.nspowner GROUP BY a.grantee
    UNION ALL
    SELECT format('sequence %s: %s from %s by %s, %s to %s, cache %s%s', says, seqtypid::regtype, seqstart,
      seqincrement, seqmin, seqmax, seqcache, CASE WHEN seqcycle THEN ', cycles' END)
    FROM relations r JOIN pg_sequence s ON s.seqrelid = r.oid
    UNION ALL
    SELECT format('search %s: %s by %s', cfgname, t.alias, string_agg(dictname, ', ' ORDER BY mapseqno))
    FROM pg_ts_config c JOIN pg_ts_config_map m ON m.mapcfg = c.oid JOIN pg_ts_dict d ON d.oid = m.mapdict
      JOIN ts_token_type(c.cfgparser) AS t ON t.tokid = m.maptokentype
    WHERE c.cfgnamespace = $1::regnamespace GROUP BY cfgname, t.alias"""
_EXTENSION = re.compile(r"\b\w+\.(?=gin_trgm_ops\b)")  # wherever an operator installed it


async def catalogue(connection: Any, schema: str) -> frozenset[str]:
    """Describe what migrations made of a schema: tables, columns, defaults, constraints, indexes, policies, triggers,
    grants, sequences. Functions are another matter (`functions`), and storage parameters are the operator's to tune."""
    before = await connection.fetchval("SELECT current_setting('search_path')")
    await connection.fetchval(_PATH, "pg_catalog")
    rows = await connection.fetch(_LINES, schema)
    await connection.fetchval(_PATH, before)
    return frozenset(_neutral(row[0], schema) for row in rows)


def _neutral(line: str, schema: str) -> str:
    """Leave out what differs between placements of tenants, and between a database and one restored from its dump:
    there `(a OR b) OR c` has become `a OR b OR c`."""
    line = _EXTENSION.sub("", line)
    if line.startswith("trigger"):
        line = re.sub("[()]", "", line)
    return line if schema == "hub" else line.replace(f"{schema}.", "")
