"""Judgements that criteria share, pure or over answers of the host: latency, edge, soak, triage."""
