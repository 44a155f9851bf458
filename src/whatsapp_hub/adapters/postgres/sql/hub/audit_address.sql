-- An address without what it may carry as a secret.
CREATE OR REPLACE FUNCTION hub.audit_address(address text) RETURNS jsonb LANGUAGE sql IMMUTABLE
  RETURN to_jsonb(regexp_replace(regexp_replace(address, '[?#].*$', '?***'), '//[^/@]*@', '//***@'));
