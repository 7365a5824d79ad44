DROP INDEX resident_temp_no;
DROP INDEX visit_household_id;
