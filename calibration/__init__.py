"""From yearbooks to the base year."""
