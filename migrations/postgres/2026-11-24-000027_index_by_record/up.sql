-- A household's page lists its visits, and a resident without a document takes
-- the next number of the month: both went through the whole register.
CREATE INDEX visit_household_id ON visit (street_code, household_id);
CREATE INDEX resident_temp_no ON resident (street_code, temp_no) WHERE temp_no IS NOT NULL;
