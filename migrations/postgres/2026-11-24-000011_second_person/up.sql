-- A benefit-bearing change that one person entered and a second has not yet confirmed. The proposal is the typed input, sealed; nothing of it takes effect before.
CREATE TABLE pending_change (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    resident_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    proposal_enc BYTEA NOT NULL,
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
    PRIMARY KEY (id, street_code),
    FOREIGN KEY (resident_id, street_code) REFERENCES resident (id, street_code)
);
CREATE INDEX pending_change_state ON pending_change (street_code, state);
CREATE INDEX pending_change_resident_id ON pending_change (street_code, resident_id);

-- Something that a person has to look at, and that changes nothing until they do.
CREATE TABLE review_task (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    kind TEXT NOT NULL,
    award_id BIGINT NOT NULL,
    opened_on DATE NOT NULL,
    done_on DATE,
    done_by TEXT,
    note TEXT,
    CHECK (kind IN ('payee')),
    CHECK ((done_on IS NULL) = (done_by IS NULL)),
    PRIMARY KEY (id, street_code),
    FOREIGN KEY (award_id, street_code) REFERENCES award (id, street_code)
);
CREATE UNIQUE INDEX review_task_open ON review_task (street_code, award_id, kind) WHERE done_on IS NULL;
