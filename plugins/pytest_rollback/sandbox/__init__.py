"""Systems to practise on: processes without root on this machine, or a whole host with systemd.

Promise: a sandbox arms nothing but itself, is described by a rollback.toml of its own, and leaves
nothing behind when it is taken down; one whose owner died is found and cleared by the next.

`target` attaches to the sandbox that is up or starts one for the session. `local` starts
supervisord, a proxy and a PostgreSQL on free ports; `machine` boots a container and is reached
over ssh. `common` is what both share: layout, recipe, releases, scenarios.
"""
