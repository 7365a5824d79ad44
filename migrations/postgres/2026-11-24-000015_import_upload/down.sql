ALTER TABLE import_book DROP COLUMN undone_by;
ALTER TABLE import_book DROP COLUMN undone_at;
DROP TABLE import_upload;
