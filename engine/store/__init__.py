"""The database: tables, migrations, and the way to it. SQLite and PostgreSQL hold the same."""
