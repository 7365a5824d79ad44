DROP INDEX award_program;
