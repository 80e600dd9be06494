"""The pages made of a run record: the report, the overview of all runs, the postmortem."""
