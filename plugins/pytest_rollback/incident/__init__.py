"""Messages to people and the checklist: texts, channels, delivery, escalation, sign-offs."""
