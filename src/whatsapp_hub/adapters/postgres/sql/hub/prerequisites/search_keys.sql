-- What a customer is found by: of each word of a name its pieces of three and of four characters, of a number its pieces
-- of five (and what is left at the end, down to three), marked with '#'. Each part of a name or number begins such a piece
-- or consists of them, so that pieces find what LIKE '%…%' finds.
--
-- Trigrams alone were too short: of a million names a hundred thousand have any three letters of two given ones, and
-- the lists that had to be crossed grew with the company. Three digits are in one number of a hundred, five in one of
-- ten thousand.
--
-- An index stores what this returns: a change of it needs a migration that builds conversations_searched_closed anew.
CREATE OR REPLACE FUNCTION hub.search_keys(name text, phone text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  keys text[] := '{}';
  word text;
BEGIN
  -- Names have 256 characters at most. Never an error, as a tsvector of more than a megabyte would be.
  FOREACH word IN ARRAY string_to_array(
    translate(lower(left(coalesce(name, ''), 1024)), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ', 'aaaaaaeeeeiiiiooooouuuucnyy'), ' ')
  LOOP
    FOR place IN 1 .. length(word) - 2 LOOP
      keys := keys || substr(word, place, 3) || substr(word, place, 4);
    END LOOP;
  END LOOP;
  phone := left(coalesce(phone, ''), 1024);
  FOR place IN 1 .. length(phone) - 2 LOOP
    keys := keys || ('#' || substr(phone, place, 5));
  END LOOP;
  RETURN array_to_tsvector(keys);
END $$;
