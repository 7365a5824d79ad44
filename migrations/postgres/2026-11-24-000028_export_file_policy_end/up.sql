-- A file that was taken waits a day for its owner, sealed; then only the log of it stays.
CREATE TABLE export_file (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    body_enc BYTEA NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    PRIMARY KEY (id, street_code)
);
CREATE INDEX export_file_expires_at ON export_file (street_code, expires_at);

-- A proposal ends without coming into force: withdrawn by its maker, rejected by the second person.
ALTER TABLE policy ADD COLUMN ended_by TEXT;
ALTER TABLE policy ADD COLUMN ended_at TIMESTAMP;
ALTER TABLE policy ADD COLUMN end_reason TEXT;
ALTER TABLE policy DROP CONSTRAINT policy_status_check;
ALTER TABLE policy ADD CONSTRAINT policy_status_check
    CHECK (status IN ('proposed','active','superseded','withdrawn','rejected'));

-- What a policy would cost a street in a month, against the one in force: counts and sums per program and community.
CREATE TABLE policy_cost (
    policy_id BIGINT NOT NULL,
    present_id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    month INTEGER NOT NULL,
    body TEXT NOT NULL,
    computed_at TIMESTAMP NOT NULL,
    PRIMARY KEY (policy_id, street_code, month)
);
