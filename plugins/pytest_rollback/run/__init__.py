"""One run: the target, how each criterion ended, the verdict, and the record that reports show."""
