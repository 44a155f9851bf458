-- What a link that sets a password was made for: the person as they are.
CREATE OR REPLACE FUNCTION hub.standing(person hub.users) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
  RETURN sha256(convert_to(
    concat_ws(E'\n', person.role, person.is_active::text, person.email, person.password_hash), 'UTF8'));
