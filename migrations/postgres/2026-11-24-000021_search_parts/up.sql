-- Search inside names and addresses: every text once for each place where a
-- part of it may begin, so that "part of" is a range of an index. A part never
-- begins right after a digit (`domain::search`).
CREATE TABLE name_part (
    street_code TEXT NOT NULL,
    part TEXT COLLATE "C" NOT NULL,
    resident_id BIGINT NOT NULL,
    PRIMARY KEY (street_code, part, resident_id)
);

CREATE TABLE address_part (
    street_code TEXT NOT NULL,
    part TEXT COLLATE "C" NOT NULL,
    household_id BIGINT NOT NULL,
    PRIMARY KEY (street_code, part, household_id)
);

INSERT INTO name_part
WITH RECURSIVE place (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM place WHERE n < 200)
SELECT street_code, lower(substr(name, n) COLLATE "C"), id FROM resident JOIN place ON n <= length(name)
WHERE n = 1 OR NOT (substr(name, n - 1, 1) COLLATE "C" BETWEEN '0' AND '9');

INSERT INTO address_part
WITH RECURSIVE place (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM place WHERE n < 200)
SELECT street_code, lower(substr(address, n) COLLATE "C"), id FROM household JOIN place ON n <= length(address)
WHERE n = 1 OR NOT (substr(address, n - 1, 1) COLLATE "C" BETWEEN '0' AND '9');

-- Ranges of text and the order of lists are those of the bytes, whatever
-- language the database was made for.
ALTER TABLE resident
    ALTER COLUMN name TYPE TEXT COLLATE "C",
    ALTER COLUMN name_pinyin TYPE TEXT COLLATE "C",
    ALTER COLUMN name_initials TYPE TEXT COLLATE "C";
ALTER TABLE household ALTER COLUMN household_no TYPE TEXT COLLATE "C";
