-- Facts about this database itself: the demo mark, the application that wrote it.
CREATE TABLE meta (
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (key)
);

-- The area tree (GB/T 2260 and below). Reference table: small, the same on every node.
CREATE TABLE area (
    code TEXT NOT NULL,
    level TEXT NOT NULL,
    name TEXT NOT NULL,
    opened_on DATE NOT NULL,
    closed_on DATE,
    PRIMARY KEY (code),
    CHECK (level IN ('province','city','county','street','community','grid'))
);

-- Effective-dated parents, so that last month keeps last month's division.
CREATE TABLE area_parent (
    code TEXT NOT NULL,
    parent_code TEXT NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE,
    PRIMARY KEY (code, valid_from),
    FOREIGN KEY (code) REFERENCES area (code),
    FOREIGN KEY (parent_code) REFERENCES area (code)
);

-- Data keys, wrapped by the key-encryption key that lies outside the database.
CREATE TABLE data_key (
    id INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    wrapped BYTEA NOT NULL,
    created_at TIMESTAMP NOT NULL,
    retired_at TIMESTAMP,
    PRIMARY KEY (id)
);

-- Head of each street's audit chain; locked first by every write (one writer per street).
CREATE TABLE chain_head (
    street_code TEXT NOT NULL,
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (street_code)
);

-- Append-only, chained per street. No personal values.
CREATE TABLE audit (
    street_code TEXT NOT NULL,
    seq BIGINT NOT NULL,
    at TIMESTAMP NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object_id BIGINT,
    result TEXT NOT NULL,
    reason TEXT,
    detail TEXT,
    prev_hash BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (street_code, seq)
);

-- People who may act. username_key is NFKC + lower case.
CREATE TABLE user_account (
    id BIGINT NOT NULL,
    username TEXT NOT NULL,
    username_key TEXT NOT NULL,
    display_name TEXT NOT NULL,
    role TEXT NOT NULL,
    scope_code TEXT NOT NULL,
    rights TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (username_key),
    CHECK (status IN ('active','disabled'))
);

-- One person as this street knows them. unit_id groups everybody who was ever in one assistance household: what is due to one can depend on the others.
CREATE TABLE resident (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    unit_id BIGINT NOT NULL,
    area_code TEXT NOT NULL,
    name TEXT NOT NULL,
    name_pinyin TEXT NOT NULL,
    name_initials TEXT NOT NULL,
    sex INTEGER NOT NULL,
    birth_on DATE NOT NULL,
    doc_kind TEXT NOT NULL,
    doc_no_enc BYTEA,
    doc_no_index BYTEA,
    temp_no TEXT,
    phone_enc BYTEA,
    phone_index BYTEA,
    ethnicity TEXT,
    marital TEXT,
    education TEXT,
    residence_status TEXT NOT NULL,
    status TEXT NOT NULL,
    merged_into BIGINT,
    import_id BIGINT,
    version INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (id, street_code),
    UNIQUE (street_code, doc_no_index),
    CHECK (sex IN (0,1,2,9)),
    CHECK (status IN ('active','dead','left','merged'))
);
CREATE INDEX resident_unit_id ON resident (street_code, unit_id);
CREATE INDEX resident_area_code_name_pinyin ON resident (street_code, area_code, name_pinyin);

-- One person once in the whole registry, whatever the number of streets.
CREATE TABLE identity_claim (
    blind_index BYTEA NOT NULL,
    street_code TEXT NOT NULL,
    resident_id BIGINT NOT NULL,
    PRIMARY KEY (blind_index)
);

-- 户籍户, 居住户 and 救助家庭 are three groupings that are never merged.
CREATE TABLE household (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    kind TEXT NOT NULL,
    household_no TEXT NOT NULL,
    area_code TEXT NOT NULL,
    address TEXT NOT NULL,
    head_id BIGINT,
    unit_id BIGINT NOT NULL,
    opened_on DATE NOT NULL,
    closed_on DATE,
    close_reason TEXT,
    import_id BIGINT,
    version INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (id, street_code),
    UNIQUE (street_code, kind, household_no),
    CHECK (kind IN ('hukou','residence','assist'))
);
CREATE INDEX household_area_code ON household (street_code, area_code);
CREATE INDEX household_unit_id ON household (street_code, unit_id);

-- Who belongs to a household, and, for an assistance household, from which month a run counts them. to_month is exclusive.
CREATE TABLE membership (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    household_id BIGINT NOT NULL,
    resident_id BIGINT NOT NULL,
    unit_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    relation_code TEXT NOT NULL,
    counted BOOLEAN NOT NULL,
    from_on DATE NOT NULL,
    to_on DATE,
    reason_in TEXT NOT NULL,
    reason_out TEXT,
    from_month INTEGER NOT NULL,
    to_month INTEGER,
    known_on DATE NOT NULL,
    end_known_on DATE,
    import_id BIGINT,
    PRIMARY KEY (id, street_code),
    FOREIGN KEY (household_id, street_code) REFERENCES household (id, street_code),
    FOREIGN KEY (resident_id, street_code) REFERENCES resident (id, street_code)
);
CREATE INDEX membership_household_id ON membership (street_code, household_id);
CREATE INDEX membership_resident_id ON membership (street_code, resident_id);

-- What happened to people and households: the day it happened, the day it was reported, the day it was decided.
CREATE TABLE life_event (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    resident_id BIGINT,
    household_id BIGINT,
    unit_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    event_on DATE NOT NULL,
    reported_on DATE NOT NULL,
    decided_on DATE,
    confidence INTEGER NOT NULL,
    from_area TEXT,
    to_area TEXT,
    note TEXT,
    annulled_on DATE,
    import_id BIGINT,
    PRIMARY KEY (id, street_code),
    CHECK (kind IN ('birth','death','move_in','move_out','move_within','split','merge','head_change','correction')),
    CHECK (confidence IN (1,2,3))
);
CREATE INDEX life_event_unit_id ON life_event (street_code, unit_id);
CREATE INDEX life_event_kind_event_on ON life_event (street_code, kind, event_on);
CREATE INDEX life_event_resident_id ON life_event (street_code, resident_id);

-- What the rules read about a person. to_month is exclusive; among those that cover a month the one known last wins.
CREATE TABLE fact (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    resident_id BIGINT NOT NULL,
    unit_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    code TEXT,
    amount_fen BIGINT,
    detail_enc BYTEA,
    from_month INTEGER NOT NULL,
    to_month INTEGER,
    event_on DATE,
    reported_on DATE,
    decided_on DATE,
    known_on DATE NOT NULL,
    annulled_on DATE,
    doc_no TEXT,
    import_id BIGINT,
    PRIMARY KEY (id, street_code),
    FOREIGN KEY (resident_id, street_code) REFERENCES resident (id, street_code)
);
CREATE INDEX fact_unit_id ON fact (street_code, unit_id);
CREATE INDEX fact_resident_id_kind ON fact (street_code, resident_id, kind);

-- Disability certificates. Category, grade and parts are in detail_enc. from_month: the first month that the payout may count it.
CREATE TABLE certificate (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    resident_id BIGINT NOT NULL,
    unit_id BIGINT NOT NULL,
    cert_no_enc BYTEA NOT NULL,
    cert_no_index BYTEA NOT NULL,
    detail_enc BYTEA NOT NULL,
    first_issue BOOLEAN NOT NULL,
    issued_on DATE NOT NULL,
    valid_to DATE,
    from_month INTEGER NOT NULL,
    known_on DATE NOT NULL,
    cancelled_on DATE,
    cancel_known_on DATE,
    import_id BIGINT,
    PRIMARY KEY (id, street_code),
    UNIQUE (street_code, cert_no_index, from_month),
    FOREIGN KEY (resident_id, street_code) REFERENCES resident (id, street_code)
);
CREATE INDEX certificate_unit_id ON certificate (street_code, unit_id);
CREATE INDEX certificate_resident_id ON certificate (street_code, resident_id);

-- Who looks after a child or a patient.
CREATE TABLE guardian (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    ward_id BIGINT NOT NULL,
    guardian_id BIGINT,
    name_enc BYTEA NOT NULL,
    phone_enc BYTEA,
    kind TEXT NOT NULL,
    basis TEXT NOT NULL,
    from_on DATE NOT NULL,
    to_on DATE,
    import_id BIGINT,
    PRIMARY KEY (id, street_code),
    FOREIGN KEY (ward_id, street_code) REFERENCES resident (id, street_code)
);
CREATE INDEX guardian_ward_id ON guardian (street_code, ward_id);

-- Where money goes. owner_id is the beneficiary (or the head of the household); the holder may be another person.
CREATE TABLE account (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    owner_id BIGINT NOT NULL,
    holder_name TEXT NOT NULL,
    holder_doc_enc BYTEA,
    relation TEXT NOT NULL,
    bank_name TEXT NOT NULL,
    bank_cnaps TEXT,
    account_enc BYTEA NOT NULL,
    account_index BYTEA NOT NULL,
    opened_on DATE NOT NULL,
    closed_on DATE,
    agreement_no TEXT,
    import_id BIGINT,
    PRIMARY KEY (id, street_code),
    FOREIGN KEY (owner_id, street_code) REFERENCES resident (id, street_code)
);
CREATE INDEX account_owner_id ON account (street_code, owner_id);
CREATE INDEX account_account_index ON account (street_code, account_index);

-- That a beneficiary receives a program. Its decisions say from when to when.
CREATE TABLE award (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    program TEXT NOT NULL,
    beneficiary_kind TEXT NOT NULL,
    beneficiary_id BIGINT NOT NULL,
    resident_id BIGINT NOT NULL,
    household_id BIGINT,
    unit_id BIGINT NOT NULL,
    mode TEXT NOT NULL,
    cert_no TEXT,
    account_id BIGINT,
    review_class TEXT,
    near_relative BOOLEAN NOT NULL,
    opened_on DATE NOT NULL,
    import_id BIGINT,
    version INTEGER NOT NULL,
    PRIMARY KEY (id, street_code),
    UNIQUE (street_code, program, beneficiary_id),
    CHECK (beneficiary_kind IN ('person','household','case')),
    CHECK (mode IN ('standard','single')),
    FOREIGN KEY (resident_id, street_code) REFERENCES resident (id, street_code)
);
CREATE INDEX award_unit_id ON award (street_code, unit_id);

-- Decisions on an award: confirmed from a month, stopped from a month, a stop annulled, a grace period.
CREATE TABLE decision (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    award_id BIGINT NOT NULL,
    unit_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    from_month INTEGER NOT NULL,
    to_month INTEGER,
    decided_on DATE NOT NULL,
    applied_on DATE,
    known_on DATE NOT NULL,
    amount_fen BIGINT,
    reason TEXT,
    doc_no TEXT,
    annuls BIGINT,
    import_id BIGINT,
    PRIMARY KEY (id, street_code),
    CHECK (kind IN ('confirm','stop','annul_stop','grace')),
    FOREIGN KEY (award_id, street_code) REFERENCES award (id, street_code)
);
CREATE INDEX decision_unit_id ON decision (street_code, unit_id);
CREATE INDEX decision_award_id ON decision (street_code, award_id);

-- 暂缓: what is due stays due, nothing is posted until a person releases it.
CREATE TABLE hold (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    award_id BIGINT NOT NULL,
    unit_id BIGINT NOT NULL,
    from_month INTEGER NOT NULL,
    placed_on DATE NOT NULL,
    source TEXT NOT NULL,
    reason TEXT NOT NULL,
    placed_by TEXT NOT NULL,
    released_on DATE,
    released_by TEXT,
    release_reason TEXT,
    PRIMARY KEY (id, street_code),
    FOREIGN KEY (award_id, street_code) REFERENCES award (id, street_code)
);
CREATE INDEX hold_unit_id ON hold (street_code, unit_id);
CREATE INDEX hold_award_id ON hold (street_code, award_id);

-- 临时救助: one case, one amount. Paid through a run like everything else.
CREATE TABLE temp_case (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    case_no TEXT NOT NULL,
    resident_id BIGINT NOT NULL,
    household_id BIGINT,
    area_code TEXT NOT NULL,
    kind TEXT NOT NULL,
    cause TEXT NOT NULL,
    level TEXT NOT NULL,
    category TEXT,
    self_paid_fen BIGINT,
    asked_fen BIGINT NOT NULL,
    approved_fen BIGINT NOT NULL,
    applied_on DATE NOT NULL,
    decided_on DATE NOT NULL,
    doc_no TEXT,
    import_id BIGINT,
    PRIMARY KEY (id, street_code),
    UNIQUE (street_code, case_no),
    CHECK (kind IN ('emergency','expenditure')),
    CHECK (level IN ('street','district')),
    FOREIGN KEY (resident_id, street_code) REFERENCES resident (id, street_code)
);
CREATE INDEX temp_case_resident_id ON temp_case (street_code, resident_id);

-- Home visits 走访.
CREATE TABLE visit (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    visit_no TEXT NOT NULL,
    household_id BIGINT,
    purpose TEXT NOT NULL,
    planned_on DATE,
    done_on DATE,
    worker TEXT NOT NULL,
    co_visitor TEXT,
    result TEXT,
    status TEXT NOT NULL,
    reviewed_on DATE,
    import_id BIGINT,
    PRIMARY KEY (id, street_code),
    UNIQUE (street_code, visit_no),
    CHECK (status IN ('planned','assigned','done','reviewed'))
);
CREATE INDEX visit_purpose_done_on ON visit (street_code, purpose, done_on);

-- Whom a visit verified.
CREATE TABLE visit_person (
    street_code TEXT NOT NULL,
    visit_id BIGINT NOT NULL,
    resident_id BIGINT NOT NULL,
    PRIMARY KEY (visit_id, resident_id, street_code),
    FOREIGN KEY (visit_id, street_code) REFERENCES visit (id, street_code),
    FOREIGN KEY (resident_id, street_code) REFERENCES resident (id, street_code)
);
CREATE INDEX visit_person_resident_id ON visit_person (street_code, resident_id);

-- Rates and rules as data: the whole file, its digest, who put it in force.
CREATE TABLE policy (
    id BIGINT NOT NULL,
    code TEXT NOT NULL,
    version INTEGER NOT NULL,
    title TEXT NOT NULL,
    digest BYTEA NOT NULL,
    body TEXT NOT NULL,
    illustrative BOOLEAN NOT NULL,
    status TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    activated_by TEXT,
    activated_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (code, version),
    CHECK (status IN ('proposed','active','superseded'))
);

-- Go-live: earlier months are outside the ledger.
CREATE TABLE program_start (
    street_code TEXT NOT NULL,
    program TEXT NOT NULL,
    first_month INTEGER NOT NULL,
    PRIMARY KEY (street_code, program)
);

-- One street, one program, one month.
CREATE TABLE run (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    program TEXT NOT NULL,
    month INTEGER NOT NULL,
    state TEXT NOT NULL,
    origin TEXT NOT NULL,
    policy_id BIGINT,
    cut_off DATE NOT NULL,
    marks_through BIGINT NOT NULL,
    line_count INTEGER NOT NULL,
    regular_fen BIGINT NOT NULL,
    arrears_fen BIGINT NOT NULL,
    claim_fen BIGINT NOT NULL,
    deduction_fen BIGINT NOT NULL,
    content_hash BYTEA,
    drafted_by TEXT NOT NULL,
    drafted_at TIMESTAMP NOT NULL,
    submitted_by TEXT,
    submitted_at TIMESTAMP,
    approved_by TEXT,
    approved_at TIMESTAMP,
    payment_on DATE,
    closed_by TEXT,
    closed_at TIMESTAMP,
    note TEXT,
    version INTEGER NOT NULL,
    PRIMARY KEY (id, street_code),
    CHECK (state IN ('generating','draft','submitted','approved','paid','closed','void')),
    CHECK (origin IN ('engine','opening')),
    CHECK (approved_by IS NULL OR approved_by <> submitted_by)
);

-- Everybody who made or touched a run; none of them may approve it.
CREATE TABLE run_contributor (
    street_code TEXT NOT NULL,
    run_id BIGINT NOT NULL,
    username TEXT NOT NULL,
    PRIMARY KEY (run_id, username, street_code),
    FOREIGN KEY (run_id, street_code) REFERENCES run (id, street_code)
);

-- What a run posts, per beneficiary and month. claim, waived and deduction are negative. inputs is encrypted; explain computes the steps anew from it.
CREATE TABLE line (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    run_id BIGINT NOT NULL,
    program TEXT NOT NULL,
    beneficiary_id BIGINT NOT NULL,
    award_id BIGINT NOT NULL,
    month INTEGER NOT NULL,
    kind TEXT NOT NULL,
    amount_fen BIGINT NOT NULL,
    base_fen BIGINT NOT NULL,
    supplement_fen BIGINT NOT NULL,
    persons INTEGER NOT NULL,
    area_code TEXT NOT NULL,
    tier TEXT,
    reason TEXT,
    void BOOLEAN NOT NULL,
    inputs BYTEA NOT NULL,
    PRIMARY KEY (id, street_code),
    CHECK (kind IN ('regular','arrears','claim','waived','held','deduction')),
    FOREIGN KEY (run_id, street_code) REFERENCES run (id, street_code)
);

-- Payments that did not simply succeed. The first attempt of a line shares its run's fate and has a row only when the bank returned it; every re-issue has one.
CREATE TABLE attempt (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    line_id BIGINT NOT NULL,
    run_id BIGINT NOT NULL,
    attempt_no INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason_code TEXT,
    returned_on DATE,
    account_id BIGINT,
    PRIMARY KEY (id, street_code),
    UNIQUE (street_code, line_id, attempt_no),
    CHECK (state IN ('pending','paid','returned','cancelled')),
    FOREIGN KEY (line_id, street_code) REFERENCES line (id, street_code)
);
CREATE INDEX attempt_run_id ON attempt (street_code, run_id);

-- 追回: money that was paid and is owed back.
CREATE TABLE claim (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    award_id BIGINT NOT NULL,
    program TEXT NOT NULL,
    beneficiary_id BIGINT NOT NULL,
    run_id BIGINT,
    amount_fen BIGINT NOT NULL,
    reason TEXT NOT NULL,
    status TEXT NOT NULL,
    opened_on DATE NOT NULL,
    cap_percent INTEGER,
    plan_from INTEGER,
    doc_no TEXT,
    PRIMARY KEY (id, street_code),
    CHECK (status IN ('open','settled','written_off')),
    FOREIGN KEY (award_id, street_code) REFERENCES award (id, street_code)
);
CREATE INDEX claim_award_id ON claim (street_code, award_id);

-- The claim's own account; the balance is the sum.
CREATE TABLE claim_entry (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    claim_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    amount_fen BIGINT NOT NULL,
    entered_on DATE NOT NULL,
    entered_by TEXT NOT NULL,
    line_id BIGINT,
    note TEXT,
    PRIMARY KEY (id, street_code),
    CHECK (kind IN ('opened','deducted','repaid','written_off')),
    FOREIGN KEY (claim_id, street_code) REFERENCES claim (id, street_code)
);
CREATE INDEX claim_entry_claim_id ON claim_entry (street_code, claim_id);

-- The closed month's official table, stored once and never recomputed.
CREATE TABLE summary (
    street_code TEXT NOT NULL,
    month INTEGER NOT NULL,
    body TEXT NOT NULL,
    digest BYTEA NOT NULL,
    closed_at TIMESTAMP NOT NULL,
    PRIMARY KEY (street_code, month)
);

-- The earliest month that a newly written fact can change; earlier months are evaluated only where marked.
CREATE TABLE recheck (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    unit_id BIGINT NOT NULL,
    from_month INTEGER NOT NULL,
    known_on DATE NOT NULL,
    PRIMARY KEY (id, street_code)
);
CREATE INDEX recheck_known_on ON recheck (street_code, known_on);

-- One entry per record on creation (field is null), one per changed field afterwards; values encrypted.
CREATE TABLE history (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object_id BIGINT NOT NULL,
    field TEXT,
    old_enc BYTEA,
    new_enc BYTEA,
    at TIMESTAMP NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT,
    audit_seq BIGINT NOT NULL,
    PRIMARY KEY (id, street_code)
);
CREATE INDEX history_object_kind_object_id ON history (street_code, object_kind, object_id);

-- Books that were imported; their records carry this id.
CREATE TABLE import_book (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    file_name TEXT NOT NULL,
    digest BYTEA NOT NULL,
    counts TEXT NOT NULL,
    imported_at TIMESTAMP NOT NULL,
    imported_by TEXT NOT NULL,
    PRIMARY KEY (id, street_code)
);
CREATE INDEX import_book_imported_at ON import_book (street_code, imported_at);

CREATE UNIQUE INDEX run_month ON run (street_code, program, month) WHERE state <> 'void';
CREATE UNIQUE INDEX line_regular ON line (street_code, program, beneficiary_id, month) WHERE kind = 'regular' AND NOT void;
CREATE INDEX line_other ON line (street_code, program, beneficiary_id, month) WHERE kind <> 'regular';
CREATE UNIQUE INDEX line_run ON line (street_code, run_id, beneficiary_id, month, kind);
CREATE UNIQUE INDEX membership_open ON membership (street_code, resident_id, kind) WHERE to_on IS NULL;

-- Append-only by trigger, so that a mistake in the code cannot rewrite what was recorded.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER history_no_update BEFORE UPDATE ON history FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER history_no_delete BEFORE DELETE ON history FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER claim_entry_no_update BEFORE UPDATE ON claim_entry FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER claim_entry_no_delete BEFORE DELETE ON claim_entry FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER summary_no_update BEFORE UPDATE ON summary FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER summary_no_delete BEFORE DELETE ON summary FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- From approval on a line is fixed; in a closed month nothing is added either.
CREATE FUNCTION guard_line() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed RECORD; -- "line" alone is the name of a geometric type
    run_state TEXT;
BEGIN
    IF TG_OP = 'INSERT' THEN changed := NEW; ELSE changed := OLD; END IF;
    SELECT state INTO run_state FROM run WHERE id = changed.run_id AND street_code = changed.street_code;
    IF run_state IN ('approved','paid','closed') THEN
        RAISE EXCEPTION 'the line is approved';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER line_no_update BEFORE UPDATE ON line FOR EACH ROW EXECUTE FUNCTION guard_line();
CREATE TRIGGER line_no_delete BEFORE DELETE ON line FOR EACH ROW EXECUTE FUNCTION guard_line();
CREATE TRIGGER line_no_insert BEFORE INSERT ON line FOR EACH ROW EXECUTE FUNCTION guard_line();

CREATE FUNCTION guard_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state IN ('approved','paid','closed') THEN RAISE EXCEPTION 'the run is approved'; END IF;
        RETURN OLD;
    END IF;
    IF OLD.state = 'closed' THEN RAISE EXCEPTION 'the month is closed'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER run_closed_no_update BEFORE UPDATE ON run FOR EACH ROW EXECUTE FUNCTION guard_run();
CREATE TRIGGER run_no_delete BEFORE DELETE ON run FOR EACH ROW EXECUTE FUNCTION guard_run();

CREATE FUNCTION guard_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT state FROM run WHERE id = OLD.run_id AND street_code = OLD.street_code) = 'closed' THEN
        RAISE EXCEPTION 'the month is closed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER attempt_closed_no_update BEFORE UPDATE ON attempt FOR EACH ROW EXECUTE FUNCTION guard_attempt();
CREATE TRIGGER attempt_no_delete BEFORE DELETE ON attempt FOR EACH ROW EXECUTE FUNCTION refuse_change();
