"""What is assumed: scenarios, their schema and growth data."""
