ALTER TABLE household ALTER COLUMN household_no TYPE TEXT;
ALTER TABLE resident
    ALTER COLUMN name TYPE TEXT,
    ALTER COLUMN name_pinyin TYPE TEXT,
    ALTER COLUMN name_initials TYPE TEXT;
DROP TABLE address_part;
DROP TABLE name_part;
