-- What one administrator asks for and a second one grants: an account that approves or audits, the rights child and mental.
CREATE TABLE grant_request (
    id INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    username TEXT NOT NULL,
    display_name TEXT NOT NULL,
    role TEXT NOT NULL,
    scope_code TEXT NOT NULL,
    rights TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    asked_at TIMESTAMP NOT NULL,
    state TEXT NOT NULL,
    decided_by TEXT,
    decided_at TIMESTAMP,
    CHECK (kind IN ('account','rights')),
    CHECK (state IN ('waiting','granted','refused')),
    CHECK ((state = 'waiting') = (decided_by IS NULL)),
    CHECK (state <> 'granted' OR decided_by <> asked_by)
);
CREATE UNIQUE INDEX grant_request_waiting ON grant_request (kind, username) WHERE state = 'waiting';
