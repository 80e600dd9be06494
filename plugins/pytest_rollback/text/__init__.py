"""Words and numbers for people: quantities written one way, and the command that comes next."""
