-- How a user signs in beyond the password, and what the user prefers. One row per account that ever signed in.
CREATE TABLE user_access (
    user_id BIGINT NOT NULL,
    auth_epoch BIGINT NOT NULL,
    must_change BOOLEAN NOT NULL,
    code_expires_at TIMESTAMP,
    expires_on DATE,
    totp_secret BYTEA,
    totp_last_step BIGINT NOT NULL,
    password_changed_at TIMESTAMP,
    last_login_at TIMESTAMP,
    last_login_from TEXT,
    failures_since BIGINT NOT NULL,
    lang TEXT,
    page_size BIGINT NOT NULL,
    density TEXT NOT NULL,
    large_text BOOLEAN NOT NULL,
    shortcuts BOOLEAN NOT NULL,
    PRIMARY KEY (user_id),
    FOREIGN KEY (user_id) REFERENCES user_account (id)
);

-- Recovery codes: only their hash, each good once.
CREATE TABLE recovery_code (
    user_id BIGINT NOT NULL,
    code_hash BYTEA NOT NULL,
    used_at TIMESTAMP,
    PRIMARY KEY (user_id, code_hash),
    FOREIGN KEY (user_id) REFERENCES user_account (id)
);

-- Somebody signed in: a browser (token_hash is the SHA-256 of its cookie) or a program (its refresh tokens are the family of this row).
CREATE TABLE web_session (
    id BIGINT NOT NULL PRIMARY KEY,
    token_hash BYTEA NOT NULL,
    kind TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    level TEXT NOT NULL,
    stamp BYTEA NOT NULL,
    street_code TEXT NOT NULL,
    area_codes TEXT,
    created_at TIMESTAMP NOT NULL,
    seen_at TIMESTAMP NOT NULL,
    idle_seconds BIGINT NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    stepped_up_at TIMESTAMP,
    device TEXT NOT NULL,
    address TEXT NOT NULL,
    UNIQUE (token_hash),
    FOREIGN KEY (user_id) REFERENCES user_account (id),
    CHECK (kind IN ('browser','program')),
    CHECK (level IN ('first','totp','enrol','full'))
);
CREATE INDEX web_session_user ON web_session (user_id);
CREATE INDEX web_session_expiry ON web_session (expires_at);

-- Single-use tokens of programs. The successor is kept sealed for the seconds in which a lost answer may be asked for again.
CREATE TABLE refresh_token (
    token_hash BYTEA NOT NULL,
    session_id BIGINT NOT NULL,
    issued_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP,
    successor BYTEA,
    PRIMARY KEY (token_hash),
    FOREIGN KEY (session_id) REFERENCES web_session (id) ON DELETE CASCADE
);
CREATE INDEX refresh_token_session ON refresh_token (session_id);

-- Failed sign-ins, by a keyed hash of the name (and of the device, if it is known): unknown names lock alike.
CREATE TABLE sign_in_counter (
    key_hash BYTEA NOT NULL,
    failures BIGINT NOT NULL,
    locked_until TIMESTAMP,
    day_failures BIGINT NOT NULL,
    day_started TIMESTAMP NOT NULL,
    last_at TIMESTAMP NOT NULL,
    PRIMARY KEY (key_hash)
);

-- Keys that sign access tokens of programs; the private part is sealed.
CREATE TABLE token_key (
    kid TEXT NOT NULL,
    id BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    created_at TIMESTAMP NOT NULL,
    retired_at TIMESTAMP,
    PRIMARY KEY (kid)
);

-- Long work. A worker holds a lease and renews it; after a crash another one takes the job over when the lease has run out.
CREATE TABLE job (
    id BIGINT NOT NULL PRIMARY KEY,
    street_code TEXT NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    dedupe_key TEXT,
    state TEXT NOT NULL,
    phase TEXT NOT NULL,
    total BIGINT,
    done BIGINT NOT NULL,
    succeeded BIGINT NOT NULL,
    warned BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    error_code TEXT,
    error_text TEXT,
    result_url TEXT,
    owner_id BIGINT NOT NULL,
    owner TEXT NOT NULL,
    role TEXT NOT NULL,
    area_codes TEXT,
    attempts BIGINT NOT NULL,
    cancel_asked BOOLEAN NOT NULL,
    worker TEXT,
    lease_until TIMESTAMP,
    heartbeat_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL,
    started_at TIMESTAMP,
    finished_at TIMESTAMP,
    UNIQUE (dedupe_key),
    CHECK (state IN ('queued','running','done','failed','cancelled'))
);
CREATE INDEX job_state ON job (state, id);
CREATE INDEX job_owner ON job (owner_id, id);
