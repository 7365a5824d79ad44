DROP INDEX visit_open;
ALTER TABLE visit DROP COLUMN changed;
