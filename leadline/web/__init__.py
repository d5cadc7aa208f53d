"""The web app: forms, unsubscribe, accept and decline. A GET never changes state."""
