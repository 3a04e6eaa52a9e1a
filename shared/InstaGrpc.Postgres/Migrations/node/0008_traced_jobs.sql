-- W3C trace context of the projector's batch that made the job, where that was recorded: its fan-out is linked to it. Whoever inserts says it once
-- for his transaction (set_config), not in each of the statements that may make a job.
ALTER TABLE fanout_jobs ADD COLUMN traceparent text DEFAULT nullif(current_setting('insta.trace', true), '');
