DROP TABLE view_log;
