DROP INDEX resident_name_initials;
DROP INDEX resident_name_pinyin;
