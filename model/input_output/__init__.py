"""Input-output analysis on arrays and tables."""
