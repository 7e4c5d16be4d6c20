"""The pathway programme over all provinces and years, hard-linked to the input-output core (E9-E13)."""
