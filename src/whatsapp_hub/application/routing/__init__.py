"""Who answers: the flow's steps carried out, assignment, queues, time-outs."""
