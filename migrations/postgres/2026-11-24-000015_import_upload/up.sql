-- A book between its upload and its loading: sealed, its owner's alone, gone after a day. Nothing of it is in the registers.
CREATE TABLE import_upload (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    owner TEXT NOT NULL,
    file_name TEXT NOT NULL,
    row_count BIGINT NOT NULL,
    body_enc BYTEA,
    preview_enc BYTEA NOT NULL,
    report_enc BYTEA,
    mapping TEXT NOT NULL,
    import_id BIGINT,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (id, street_code)
);
CREATE INDEX import_upload_owner ON import_upload (street_code, owner);

-- A book whose records were taken out again.
ALTER TABLE import_book ADD COLUMN undone_at TIMESTAMP;
ALTER TABLE import_book ADD COLUMN undone_by TEXT;
