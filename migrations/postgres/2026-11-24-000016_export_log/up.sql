-- Files that left the office: who took which rows, why, and the digest of the bytes. No personal values.
CREATE TABLE export_log (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    username TEXT NOT NULL,
    at TIMESTAMP NOT NULL,
    file_name TEXT NOT NULL,
    filter TEXT NOT NULL,
    row_count BIGINT NOT NULL,
    digest TEXT NOT NULL,
    purpose TEXT NOT NULL,
    plain BOOLEAN NOT NULL,
    PRIMARY KEY (id, street_code)
);
CREATE INDEX export_log_username ON export_log (street_code, username, id);
