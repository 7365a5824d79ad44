-- Pictures of a visit, made anew without anything but the picture, sealed.
CREATE TABLE visit_photo (
    id INTEGER NOT NULL PRIMARY KEY,
    street_code TEXT NOT NULL,
    visit_id BIGINT NOT NULL,
    photo_enc BLOB NOT NULL,
    digest BLOB NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    added_by TEXT NOT NULL,
    added_at TIMESTAMP NOT NULL,
    UNIQUE (street_code, visit_id, digest),
    FOREIGN KEY (visit_id) REFERENCES visit (id)
);
