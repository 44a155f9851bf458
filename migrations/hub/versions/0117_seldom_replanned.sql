-- Whenever a table was vacuumed or analysed, every connection plans its statements with it anew: a few milliseconds each,
-- and for a moment everything waits. The tables through which all messages flow are looked for along one index whatever
-- they hold, so what the planner knows of them may be old.
ALTER TABLE hub.outbox SET (autovacuum_vacuum_threshold = 50000, autovacuum_analyze_threshold = 1000000);
ALTER TABLE hub.sequencer SET (autovacuum_vacuum_threshold = 50000, autovacuum_analyze_threshold = 1000000);
ALTER TABLE hub.inbox SET (autovacuum_analyze_threshold = 100000);
ALTER TABLE hub.events SET (autovacuum_analyze_threshold = 100000);
-- Once while they are few, then when most of them changed.
ALTER TABLE hub.lanes SET (autovacuum_analyze_threshold = 2000, autovacuum_analyze_scale_factor = 1);
