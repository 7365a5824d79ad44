-- What a visit found changed: codes, separated by commas. No words about people.
ALTER TABLE visit ADD COLUMN changed TEXT NOT NULL DEFAULT '';
CREATE INDEX visit_open ON visit (street_code, status, planned_on);
