-- What routing goes by: a company's hours, people's skills.

ALTER TABLE hub.tenants ADD COLUMN hours jsonb;
GRANT UPDATE (hours) ON hub.tenants TO hub_app;
ALTER TABLE hub.users ADD COLUMN skills text[] NOT NULL DEFAULT '{}';
