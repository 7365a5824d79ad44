DROP TABLE review_task;
DROP TABLE pending_change;
