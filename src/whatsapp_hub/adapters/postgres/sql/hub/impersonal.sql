-- An entry of the record of changes keeps who did what and when; of what was changed, only what says nothing of a person.
CREATE OR REPLACE FUNCTION hub.impersonal(fields jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (
  SELECT jsonb_object_agg(key, value) FROM jsonb_each(fields)
  WHERE key = ANY (ARRAY['status', 'flow_state', 'priority', 'silenced', 'bot_part', 'department_id', 'assigned_user_id',
    'assigned_at', 'resolved_at', 'rating', 'rated_at', 'rated_user_id', 'user_id', 'conversation_id', 'created_at']));
