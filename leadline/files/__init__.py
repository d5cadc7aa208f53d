"""Reading table files: encodings, quoting, rejects."""
