DROP TABLE policy_cost;
CREATE TABLE policy_old (
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
    UNIQUE (code, version),
    CHECK (status IN ('proposed','active','superseded'))
);
INSERT INTO policy_old (id, code, version, title, digest, body, illustrative, status, proposed_by, activated_by, activated_at, created_at)
SELECT id, code, version, title, digest, body, illustrative,
       CASE WHEN status IN ('withdrawn','rejected') THEN 'superseded' ELSE status END,
       proposed_by, activated_by, activated_at, created_at FROM policy;
DROP TABLE policy;
ALTER TABLE policy_old RENAME TO policy;
DROP TABLE export_file;
