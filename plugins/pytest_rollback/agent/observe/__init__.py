"""Observation of a running system: logs, probes, imports.

Reads only: nothing here changes the host, but for the baseline and the ends of logs, which are
kept in the state directory. Every look has a deadline, and says when it could not see all of what
it was asked for; that is inconclusive and never fine.

`logs` reads what units wrote since they started, `probes` asks health addresses once or many
times, `trial` imports a tree in fresh processes. None of the three knows another.
"""
