-- How many conversations somebody has: looked at for everybody of a department before each assignment. Every message of
-- a customer leaves its conversation an old entry in each index of conversations; an assignment changes only when it ends.
CREATE INDEX assignments_held ON assignments (tenant_id, user_id) WHERE unassigned_at IS NULL;
