"""The Jinja sandbox and its loader; the only importer of jinja2."""
