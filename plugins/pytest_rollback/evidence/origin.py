"""Where a bundle comes from: who sealed it, or whether the host knows its seals.

That a folder is consistent in itself proves nothing: who edits it seals it again. What proves more
is outside of it: the operator's key, the host's own log, the host's state directory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_rollback.agent.messages.state import seals
from pytest_rollback.agent.messages.state.seals import (
    KeepSealRequest,
    KeptSeals,
    KeptSealsRequest,
    SealKept,
)
from pytest_rollback.errors import RollbackError
from pytest_rollback.evidence import seal, signing
from pytest_rollback.text.quantities import count
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection

UNPROVEN = "consistent in itself; its origin is not proven"


@dataclass(frozen=True)
class Origin:
    """What is known of a bundle's origin.

    Args:
        proofs: what was proven, a phrase each; nothing where the origin is not proven.
        faults: what contradicts the bundle, a line each.
        missing: why there is no other proof, a line each.
    """

    proofs: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def kept(connection: Connection, folder: Path) -> SealKept:
    """Have the host keep the last seal of a folder.

    Raises:
        RollbackError: the folder is not sealed, or the host does not answer.
    """
    last = seal.seals(folder)[-1]
    request = KeepSealRequest(connection.system.about.state, folder.name, last.hash, last.why)
    return connection.ask(Call(seals.KEEP, request))


def of(folder: Path, connection: Connection | None, allowed: Path | None = None) -> Origin:
    """Return what is known of a bundle's origin.

    Args:
        folder: the bundle.
        connection: to its host; None where that is not to be asked.
        allowed: the file of allowed signers; None for git's, or the one in ~/.ssh.

    Raises:
        UsageError: its seals cannot be read.
    """
    hashes = [each.hash for each in seal.seals(folder)]
    found = [by_signature(folder, allowed or signing.allowed())]
    if connection is None:
        found.append(Origin(missing=("the host was not asked: add --host",)))
    else:
        try:
            request = KeptSealsRequest(connection.system.about.state, folder.name)
            found.append(by_host(hashes, connection.ask(Call(seals.LOOK, request))))
        except RollbackError as error:
            found.append(Origin(missing=(f"the host could not be asked: {error.message}",)))
    return Origin(
        tuple(each for one in found for each in one.proofs),
        tuple(each for one in found for each in one.faults),
        tuple(each for one in found for each in one.missing),
    )


UNSIGNED = f"it is not signed: the key that {signing.VARIABLE} names signs the next ones"
"""Without a sign of an assignment: what stood behind it would be masked as a secret."""


def by_signature(folder: Path, allowed: Path | None) -> Origin:
    """Return what the signature of a bundle proves."""
    place = folder / signing.SIGNATURE
    if not place.is_file():
        return Origin(missing=(UNSIGNED,))
    who = signing.signer(folder / seal.SEALS, place, allowed)
    if who is None:
        return Origin(faults=(f"{signing.SIGNATURE}: is no signature of these seals",))
    if not who.who:
        name = allowed or signing.ALLOWED
        return Origin(missing=(f"it is signed by a key that {name} does not know: {who.key}",))
    return Origin(proofs=(f"unchanged since it was sealed by {who}",))


def by_host(hashes: Sequence[str], known: KeptSeals) -> Origin:
    """Return what the seals that the host has prove of those of a bundle."""
    log, state = known.log, known.state
    faults = [
        *against(hashes, log, f"{known.where} of the host"),
        *against(hashes, state, "the state directory of the host"),
    ]
    if faults:
        return Origin(faults=tuple(faults))
    kept_by = log or state
    later = sum(each not in kept_by for each in hashes)
    but = f"; what people added since is not proven by it: {count(later, 'seal')}" if later else ""
    if log:
        return Origin(proofs=(f"as the host's log has it ({known.where}){but}",))
    if state:
        return Origin(proofs=(f"as the host's state directory has it{but}",))
    return Origin(missing=("the host knows no seal of this run",))


def against(hashes: Sequence[str], known: Sequence[str], where: str) -> Iterator[str]:
    """Yield how the seals of a bundle differ from those known elsewhere; the first one counts."""
    if known and known[0] != next(iter(hashes), ""):
        yield f"{seal.SEALS}: begins with another seal than {where} has, {known[0][:16]}"
        return
    for each in known:
        if each not in hashes:
            yield f"{seal.SEALS}: lacks a seal that {where} has, {each[:16]}"
