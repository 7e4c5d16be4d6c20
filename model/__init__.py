"""How the economy, its technologies and its carbon move."""
