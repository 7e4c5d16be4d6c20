"""What a run leaves: files made from Results alone."""
