CREATE TABLE pending_change_new (
    id INTEGER NOT NULL PRIMARY KEY,
    street_code TEXT NOT NULL,
    resident_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    proposal_enc BLOB NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_at TIMESTAMP NOT NULL,
    state TEXT NOT NULL,
    decided_by TEXT,
    decided_at TIMESTAMP,
    reason TEXT,
    CHECK (kind IN ('fact','fact_annul','member_add','member_remove','certificate','certificate_cancel','account','award_account')),
    CHECK (state IN ('pending','confirmed','rejected','withdrawn')),
    CHECK ((state = 'pending') = (decided_by IS NULL)),
    CHECK (decided_by IS NULL OR state = 'withdrawn' OR decided_by <> proposed_by),
    FOREIGN KEY (resident_id) REFERENCES resident (id)
);
INSERT INTO pending_change_new SELECT * FROM pending_change;
DROP TABLE pending_change;
ALTER TABLE pending_change_new RENAME TO pending_change;
CREATE INDEX pending_change_state ON pending_change (street_code, state);
CREATE INDEX pending_change_resident_id ON pending_change (street_code, resident_id);
