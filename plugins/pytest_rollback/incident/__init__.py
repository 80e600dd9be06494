"""Who is told what, and when: messages, channels, delivery, escalation, checklist."""
