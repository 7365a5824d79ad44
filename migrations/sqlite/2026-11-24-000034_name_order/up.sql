-- A list of people goes by pinyin. With the pinyin in the key, the people of a
-- part come out of the index in that order, and a page ends the reading.
-- Parts: each character, each pair of neighbours, and in capitals the first
-- two to four initials (`domain::search::name_parts`).
DROP TABLE name_part;
CREATE TABLE name_part (
    street_code TEXT NOT NULL,
    part TEXT NOT NULL,
    name_pinyin TEXT NOT NULL,
    resident_id BIGINT NOT NULL,
    PRIMARY KEY (street_code, part, name_pinyin, resident_id)
) WITHOUT ROWID;

INSERT INTO name_part
WITH RECURSIVE place (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM place WHERE n < 200)
SELECT street_code, lower(substr(name, n, 1)), name_pinyin, id
FROM resident JOIN place ON n <= length(name)
UNION
SELECT street_code, lower(substr(name, n, 2)), name_pinyin, id
FROM resident JOIN place ON n < length(name)
UNION
SELECT street_code, upper(substr(name_initials, 1, n)), name_pinyin, id
FROM resident JOIN place ON n BETWEEN 2 AND 4 AND n <= length(name_initials);

DROP INDEX resident_name_initials;
