"""The report's page: one noun per file, from a run's record to text that is safe to show."""
