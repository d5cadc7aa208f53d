"""Messages and the way they leave: MIME, SMTP through aiosmtplib, the built-in sink."""
