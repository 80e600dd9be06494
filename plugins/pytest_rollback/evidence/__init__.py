"""What a run leaves behind: timeline, run folder, seal, sign-offs; no secret in any of it."""
