"""When things run: order, entry points, run names and end states. Rules live in leadline."""
