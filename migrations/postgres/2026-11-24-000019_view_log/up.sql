-- Who looked at whom: one row per page or record of a person or a household that was shown. Written in groups; each group's digest is an entry of the street's audit chain (audit_seq).
CREATE TABLE view_log (
    id BIGINT NOT NULL,
    street_code TEXT NOT NULL,
    audit_seq BIGINT NOT NULL,
    at TIMESTAMP NOT NULL,
    on_day DATE NOT NULL,
    off_hours BOOLEAN NOT NULL,
    actor TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object_id BIGINT NOT NULL,
    CHECK (object_kind IN ('resident','household')),
    PRIMARY KEY (id, street_code)
);
CREATE INDEX view_log_object ON view_log (street_code, object_kind, object_id, id);
CREATE INDEX view_log_actor ON view_log (street_code, actor, on_day);
CREATE INDEX view_log_day ON view_log (street_code, on_day);
CREATE INDEX view_log_group ON view_log (street_code, audit_seq);
CREATE TRIGGER view_log_no_update BEFORE UPDATE ON view_log FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER view_log_no_delete BEFORE DELETE ON view_log FOR EACH ROW EXECUTE FUNCTION refuse_change();
