"""Issue 4, 'Database Connection Issues': 'Restore database backup if needed'."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rollback.criteria import criterion
from rollback.errors import Inconclusive, Refused
from rollback.model import System


@criterion("readiness.database.dump", phase="configuration")
def test_the_dump_can_be_read(
    dump: dict[str, Any] | None, system: System, record_property: Callable[[str, object], None]
) -> None:
    """'Restore database backup': the dump is whole, private, and its tool reads it to its end."""
    record_property("dump", dump or "no database described")

    if dump and dump["problems"]:
        path = system.database.dump if system.database else ""
        raise Refused(
            f"the dump {path} cannot be relied on",
            findings=dump["problems"],
            hint=f"make it again: pg_dump -Fc -f {path} with umask 077, or correct dump and tools "
            "in [database]",
        )
    if dump and dump["timed_out"]:
        raise Inconclusive(
            f"the dump could not be read to its end in {dump['seconds']:.0f} s",
            hint="restoring it takes longer than this: keep a standby, or set a larger rto",
        )
