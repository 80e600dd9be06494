"""Seals of run folders, as the host keeps them where no keeper of a bundle can write."""

from typing import NamedTuple, Tuple

from ...protocol import Route


class KeepSealRequest(NamedTuple):
    """Write down that a run's folder was sealed: `seal` is the hash, `why` says after what."""

    state: str
    run: str
    seal: str
    why: str


class SealKept(NamedTuple):
    """Where a seal was written: `state` in the state directory, `log` is "journal", "syslog" or "".

    "" means that this host has no log that takes it.
    """

    state: bool
    log: str


class KeptSealsRequest(NamedTuple):
    """What the host has of a run's seals."""

    state: str
    run: str


class KeptSeals(NamedTuple):
    """The seals of a run, the oldest first: in the state directory, and in the host's own log.

    `where` names the log, "" where none can be read.
    """

    state: Tuple[str, ...]
    log: Tuple[str, ...]
    where: str


KEEP = Route("seals.keep", KeepSealRequest, SealKept)
LOOK = Route("seals.look", KeptSealsRequest, KeptSeals)
