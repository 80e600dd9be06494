"""Where things stand: the runs that the host knows, and what comes next.

    situation -> reports of this folder, and the host within seconds
    status -> status_watch, where somebody wants to see a run go on

`situation` is `rollback` alone, `status` lists runs or shows one, `status_watch` follows a run that
another process carries out. `status` imports little before the host is asked: somebody waits.
"""
