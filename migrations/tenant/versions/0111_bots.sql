-- The part of its session's bot in a round.

ALTER TABLE conversations ADD COLUMN bot_part text NOT NULL DEFAULT 'none'
  CHECK (bot_part IN ('none', 'talking', 'handed_over'));
