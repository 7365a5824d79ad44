DROP TABLE policy_cost;
UPDATE policy SET status = 'superseded' WHERE status IN ('withdrawn','rejected');
ALTER TABLE policy DROP CONSTRAINT policy_status_check;
ALTER TABLE policy ADD CONSTRAINT policy_status_check CHECK (status IN ('proposed','active','superseded'));
ALTER TABLE policy DROP COLUMN end_reason;
ALTER TABLE policy DROP COLUMN ended_at;
ALTER TABLE policy DROP COLUMN ended_by;
DROP TABLE export_file;
