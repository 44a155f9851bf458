-- Customer service: people who leave hand over what they hold.

ALTER TABLE hub.users ADD COLUMN hands_over boolean NOT NULL DEFAULT false;
CREATE INDEX users_leaving ON hub.users (tenant_id) WHERE hands_over;
