-- How customers call themselves on WhatsApp, beside what they are called here. Known from their next message on.
ALTER TABLE conversations ADD COLUMN profile_name text;
