-- What customers of a company may expect: targets, and whether they are asked how it was.

ALTER TABLE hub.tenants ADD COLUMN level jsonb NOT NULL DEFAULT '{}';
GRANT UPDATE (level) ON hub.tenants TO hub_app;
