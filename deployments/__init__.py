"""How leadline is deployed: served flows, schedules, the demo."""
