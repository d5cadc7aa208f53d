"""The database: schema, migrations, one module per noun; the only place that speaks SQL to it."""
