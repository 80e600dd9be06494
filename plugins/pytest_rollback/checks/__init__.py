"""Checks that several criteria share: what is restored, latency, availability, and the soak.

Promise: a judgement is a function of what was measured and of what rollback.toml states; it
changes no host. Too few samples, or an interval that straddles a limit, is inconclusive.

`latency` measures through the host; `response_times` compares with limit and baseline. `edge` asks
what users get ten times a second while a run goes on, from here or from the host; `availability`
adds it up. `soak` watches a system for its minutes. `running` says which processes are a unit's,
and who else runs or listens, `restored` whether what a rollback restores would work, and
`unchanged` whether what no backup holds is as both releases have it; `released` whether a previous
release that is kept as a whole is there, stays, and is live again, and `returned` the same where
commands bring it back; `parts` asks that of each part of a release, and whether all were recorded.
`orphans` are unit files that a rollback neither installs nor takes away.
"""
