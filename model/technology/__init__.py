"""Technologies: catalogue, stocks, choice, pathway."""
