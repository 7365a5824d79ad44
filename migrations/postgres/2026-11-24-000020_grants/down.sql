DROP TABLE grant_request;
