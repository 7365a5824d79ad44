-- A file that was taken waits a day for its owner, sealed; then only the log of it stays.
CREATE TABLE export_file (
    id INTEGER NOT NULL PRIMARY KEY,
    street_code TEXT NOT NULL,
    body_enc BLOB NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX export_file_expires_at ON export_file (street_code, expires_at);

-- A proposal ends without coming into force: withdrawn by its maker, rejected by the second person.
CREATE TABLE policy_new (
    id INTEGER NOT NULL PRIMARY KEY,
    code TEXT NOT NULL,
    version INTEGER NOT NULL,
    title TEXT NOT NULL,
    digest BLOB NOT NULL,
    body TEXT NOT NULL,
    illustrative BOOLEAN NOT NULL,
    status TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    activated_by TEXT,
    activated_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL,
    ended_by TEXT,
    ended_at TIMESTAMP,
    end_reason TEXT,
    UNIQUE (code, version),
    CHECK (status IN ('proposed','active','superseded','withdrawn','rejected'))
);
INSERT INTO policy_new (id, code, version, title, digest, body, illustrative, status, proposed_by, activated_by, activated_at, created_at)
SELECT id, code, version, title, digest, body, illustrative, status, proposed_by, activated_by, activated_at, created_at FROM policy;
DROP TABLE policy;
ALTER TABLE policy_new RENAME TO policy;

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
