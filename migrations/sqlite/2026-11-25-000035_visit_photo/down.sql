DROP TABLE visit_photo;
