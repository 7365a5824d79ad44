-- Splits, merges, departures and merged records wait for a second person too.
ALTER TABLE pending_change DROP CONSTRAINT pending_change_kind_check;
ALTER TABLE pending_change ADD CONSTRAINT pending_change_kind_check CHECK (kind IN ('fact','fact_annul','member_add','member_remove','certificate','certificate_cancel','account','award_account','split','merge','move_out','person_merge'));
