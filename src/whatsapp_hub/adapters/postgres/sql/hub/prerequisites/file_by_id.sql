-- Name a message's file by its id where the version before, which knows its URL only, stored it during a deployment.
CREATE OR REPLACE FUNCTION hub.file_by_id() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.media_id := substr(NEW.media_url, 12)::uuid;
  RETURN NEW;
END $$;
