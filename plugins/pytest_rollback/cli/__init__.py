"""The commands that operators call: `rollback`, and those that the procedure names."""
