-- The list of awards goes by program and id.
CREATE INDEX award_program ON award (street_code, program, id);
