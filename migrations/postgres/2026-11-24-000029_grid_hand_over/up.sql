-- Grids that change hands from a day on: who keeps the area, who no longer does. Never changed; a later row decides.
CREATE TABLE grid_hand_over (
    id BIGINT NOT NULL PRIMARY KEY,
    street_code TEXT NOT NULL,
    area_code TEXT NOT NULL REFERENCES area (code),
    from_user BIGINT REFERENCES user_account (id),
    to_user BIGINT NOT NULL REFERENCES user_account (id),
    from_on DATE NOT NULL,
    handed_by TEXT NOT NULL,
    handed_at TIMESTAMP NOT NULL,
    CHECK (from_user IS NULL OR from_user <> to_user)
);
CREATE INDEX grid_hand_over_street ON grid_hand_over (street_code, from_on);
