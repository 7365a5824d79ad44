-- Two records that look like one person, and somebody said that they are two.
CREATE TABLE not_duplicate (
    street_code TEXT NOT NULL,
    first_id BIGINT NOT NULL,
    second_id BIGINT NOT NULL,
    decided_by TEXT NOT NULL,
    decided_at TIMESTAMP NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (first_id, second_id, street_code),
    CHECK (first_id < second_id),
    FOREIGN KEY (first_id) REFERENCES resident (id),
    FOREIGN KEY (second_id) REFERENCES resident (id)
);
