DROP TABLE address_part;
DROP TABLE name_part;
