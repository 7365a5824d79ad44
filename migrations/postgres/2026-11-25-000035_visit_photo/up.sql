-- Pictures of a visit, made anew without anything but the picture, sealed.
CREATE TABLE visit_photo (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    visit_id BIGINT NOT NULL,
    photo_enc BYTEA NOT NULL,
    digest BYTEA NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    added_by TEXT NOT NULL,
    added_at TIMESTAMP NOT NULL,
    PRIMARY KEY (id, street_code),
    UNIQUE (street_code, visit_id, digest),
    FOREIGN KEY (visit_id, street_code) REFERENCES visit (id, street_code)
);
