-- Lists of people go by pinyin; a page begins where the one before ended.
CREATE INDEX resident_name_pinyin ON resident (street_code, name_pinyin, id);
CREATE INDEX resident_name_initials ON resident (street_code, name_initials);
