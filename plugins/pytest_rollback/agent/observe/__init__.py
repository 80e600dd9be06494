"""What a running system shows: logs, probes, and whether its code can be imported. Reads only."""
