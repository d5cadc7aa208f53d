"""leadline turns arriving leads into assigned, nurtured, measured sales work."""
