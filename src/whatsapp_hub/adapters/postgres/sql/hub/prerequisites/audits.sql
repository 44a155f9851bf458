-- Have the changes of a table recorded: SELECT hub.audits('table', 'entity', 'quiet column', …).
CREATE OR REPLACE FUNCTION hub.audits(target regclass, VARIADIC arguments text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format(
    'CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW '
    'WHEN (coalesce(current_setting(''app.caller'', true), '''') <> '''') EXECUTE FUNCTION hub.audit_row(%s)',
    target, (SELECT string_agg(quote_literal(a), ', ') FROM unnest(arguments) AS a));
END $$;
