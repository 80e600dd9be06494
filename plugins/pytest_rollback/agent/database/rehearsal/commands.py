"""The commands of a throw-away PostgreSQL: one makes its files, one serves."""

from __future__ import annotations

import os

from .guard import PLACE, ServerLimits, ServerPlan

SUPERUSER = "rollback_rehearsal"
PORT = 5432
ELEVEN = 11

SETTINGS = (
    *("listen_addresses=", "max_connections=10", "autovacuum=off", "max_wal_senders=0"),
    *("wal_level=minimal", "fsync=off", "synchronous_commit=off", "full_page_writes=off"),
    *("shared_buffers=64MB", "maintenance_work_mem=64MB", "work_mem=16MB", "max_wal_size=256MB"),
    *("unix_socket_permissions=0700", "dynamic_shared_memory_type=mmap", "archive_mode=off"),
    *("max_parallel_workers_per_gather=0", "log_statement=none", "lc_messages=C"),
    "max_locks_per_transaction=4096",
    *(f"unix_socket_directories={PLACE}", f"port={PORT}"),
)
NEWER = ("jit=off", "max_parallel_maintenance_workers=0")
"""Settings that a server has from version 11 on."""

POOLS = "max_connections=200"
"""For a server that a whole release connects to."""


def planned(
    programs: str, version: str, scratch: str, limits: ServerLimits, *, alone: bool = False
) -> ServerPlan:
    """Return how a server is started: by its programs, of a major version, below a directory."""
    data = os.path.join(PLACE, "data")
    making = (os.path.join(programs, "initdb"), "-D", data, "-U", SUPERUSER, "-A", "trust")
    newer = NEWER if float(version) >= ELEVEN else ()
    pools = (POOLS,) if alone else ()
    words = tuple(word for each in (*SETTINGS, *newer, *pools) for word in ("-c", each))
    return ServerPlan(
        making=(*making, "--no-locale", "-E", "UTF8", "--nosync"),
        serving=(os.path.join(programs, "postgres"), "-D", data, *words),
        scratch=scratch,
        limits=limits,
        alone=alone,
    )
