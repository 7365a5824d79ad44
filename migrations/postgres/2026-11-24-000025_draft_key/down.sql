DROP TABLE draft_key;
