CREATE INDEX resident_name_initials ON resident (street_code, name_initials);
DROP TABLE name_part;
CREATE TABLE name_part (
    street_code TEXT NOT NULL,
    part TEXT NOT NULL,
    resident_id BIGINT NOT NULL,
    PRIMARY KEY (street_code, part, resident_id)
) WITHOUT ROWID;

INSERT INTO name_part
WITH RECURSIVE place (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM place WHERE n < 200)
SELECT street_code, lower(substr(name, n)), id FROM resident JOIN place ON n <= length(name)
WHERE n = 1 OR NOT (substr(name, n - 1, 1) BETWEEN '0' AND '9');
