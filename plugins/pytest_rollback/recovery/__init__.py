"""What changes a host. An action looks and plans; `gate` alone applies a plan, and looks again.

Order of calls: `gate.perform(action)`: look, plan, journal, apply, look again; `rehearsal` plans
all of them without a change; `status` says what lies unfinished on the host.
"""
