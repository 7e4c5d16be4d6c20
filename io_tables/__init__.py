"""What the economy looks like: classifications, tables, the base year."""
