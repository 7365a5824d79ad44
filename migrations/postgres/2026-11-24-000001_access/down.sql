DROP TABLE job;
DROP TABLE token_key;
DROP TABLE sign_in_counter;
DROP TABLE refresh_token;
DROP TABLE web_session;
DROP TABLE recovery_code;
DROP TABLE user_access;
