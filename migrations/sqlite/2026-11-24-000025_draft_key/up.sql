-- Keys of the drafts on people's devices: a device keeps the public one, the private one is sealed here and can be withheld.
CREATE TABLE draft_key (
    id INTEGER NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES user_account (id),
    public_key TEXT NOT NULL,
    private_key BLOB NOT NULL,
    created_at TIMESTAMP NOT NULL,
    withheld_at TIMESTAMP
);
CREATE INDEX draft_key_user ON draft_key (user_id);
