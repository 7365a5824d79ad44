-- Search inside names and addresses: every text once for each place where a
-- part of it may begin, so that "part of" is a range of an index. A part never
-- begins right after a digit (`domain::search`).
CREATE TABLE name_part (
    street_code TEXT NOT NULL,
    part TEXT NOT NULL,
    resident_id BIGINT NOT NULL,
    PRIMARY KEY (street_code, part, resident_id)
) WITHOUT ROWID;

CREATE TABLE address_part (
    street_code TEXT NOT NULL,
    part TEXT NOT NULL,
    household_id BIGINT NOT NULL,
    PRIMARY KEY (street_code, part, household_id)
) WITHOUT ROWID;

INSERT INTO name_part
WITH RECURSIVE place (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM place WHERE n < 200)
SELECT street_code, lower(substr(name, n)), id FROM resident JOIN place ON n <= length(name)
WHERE n = 1 OR NOT (substr(name, n - 1, 1) BETWEEN '0' AND '9');

INSERT INTO address_part
WITH RECURSIVE place (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM place WHERE n < 200)
SELECT street_code, lower(substr(address, n)), id FROM household JOIN place ON n <= length(address)
WHERE n = 1 OR NOT (substr(address, n - 1, 1) BETWEEN '0' AND '9');
