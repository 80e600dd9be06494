"""What both sandboxes share: layout, recipe, releases, history, scenarios, a PostgreSQL."""
