-- Keys of requests that programs may send again: what the first one made, never its body.
CREATE TABLE idempotency_key (
    street_code TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    key TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    status INTEGER NOT NULL,
    object_id BIGINT NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (street_code, user_id, key)
);
CREATE INDEX idempotency_key_created ON idempotency_key (created_at);
