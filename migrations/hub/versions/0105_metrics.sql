-- What the figures of sessions read: a handful among many events.

CREATE INDEX events_of_sessions ON hub.events (tenant_id, occurred_at)
  WHERE type IN ('session.connected', 'session.error', 'session.auth_corrupted');
