DROP TABLE grid_hand_over;
