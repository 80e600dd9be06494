"""Changes to a host: an action looks and plans; only the gate applies a plan, then looks again.

Promise: nothing is changed unless the run is armed for this target by its name. An action is done
when its plan is empty, so that a rehearsal, a repetition and a resumed run are the same code.

Order of calls: `gate.perform` for each action: look, plan, write `begin` to the timeline, apply,
look again. `action` is what an action is, `actions` are all of them in order; `strategies` are the
ways in which the previous release is kept. `rehearsal` plans the
whole rollback without a change, and `entry` refuses one that readiness would refuse. `live` prints
it as it happens, `status` says what lies unfinished on the host and which command goes on,
`left_behind` what one that was broken off leaves, `lock_holder` whether whoever holds the host is
dead.
"""
