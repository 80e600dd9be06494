"""The sandbox in processes of the user: supervisord, a proxy, a PostgreSQL, on free ports."""
