"""What the runbook of people names, and whether it is there: files, units, commands, pitfalls."""
