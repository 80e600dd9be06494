"""Is the previous release, where a strategy keeps it, whole, safe, and the one to go back to?"""

from __future__ import annotations

from collections.abc import Iterable

from pytest_rollback.agent.messages.backup.strategies import PreviousPart, PreviousParts
from pytest_rollback.checks.returned import back as shown_back
from pytest_rollback.checks.returned import returnable
from pytest_rollback.errors import Advisory, Inconclusive, Refused
from pytest_rollback.manifest.model import System
from pytest_rollback.manifest.release import COMMANDS
from pytest_rollback.text.quantities import count

MOST = 20
"""Files that a message lists."""

LOADED = (
    *(".py", ".pth", ".so", ".js", ".mjs", ".cjs", ".rb", ".php", ".pl", ".pm", ".lua", ".sh"),
    *(".jar", ".class", ".conf", ".ini", ".toml", ".yaml", ".yml", ".env"),
)
"""Ends of names that an interpreter or a program finds by itself, and takes for its own."""

SAVE = "rollback save --replace, in the deploy script before it switches to the new release"


def kept(strategy: str, found: PreviousParts, system: System) -> None:
    """Check that the previous version of each part is there, as it was recorded.

    Raises:
        Inconclusive: a file of it could not be read, or nothing was looked at.
        Refused: it was not recorded, is gone, or is not as recorded.
    """
    if strategy == COMMANDS:
        returnable(found)
        return
    if not found.parts:
        raise Inconclusive(
            f"no part of {system.about.name} is kept by {strategy}",
            hint="name what a deploy switches in [release] of rollback.toml",
        )
    for part in found.parts:
        _whole(part)


def _whole(part: PreviousPart) -> None:
    faults = [f"{each.path}: {each.detail}" for each in part.faults]
    kinds = {each.fault for each in part.faults}
    if "unrecorded" in kinds:
        raise Refused(
            "it is not known how the previous release was",
            findings=faults,
            hint=f"the next deploy records it: {SAVE}",
        )
    where = part.place or part.release
    if kinds == {"unread"}:
        raise Inconclusive(
            f"{count(len(faults), 'file')} of {where} could not be read",
            findings=faults[:MOST],
            hint="run as root on the host, or set [target] sudo = true",
        )
    if faults and kinds == {"blocked"}:
        raise Refused(
            f"{where} could not be brought back now", findings=faults[:MOST], hint=part.hint
        )
    if faults:
        raise Refused(
            f"the previous release {part.release} is not as recorded in {where}: "
            f"{count(len(faults), 'fault')}",
            findings=faults[:MOST],
            hint=part.hint
            or f"bring {where} back from the place where releases are built, as it was; what "
            "the system itself writes there is named in besides of [release]",
        )
    if not part.files:
        raise Inconclusive(
            f"{where} has no file, so that nothing was compared",
            hint=f"see 'ls -la {where}' on the host",
        )


def safe(_strategy: str, found: PreviousParts) -> None:
    """Check that nothing would take the previous version away, and nothing was put into it.

    Raises:
        Refused: something would, or code or settings in it were not recorded.
        Advisory: something might, or there are other files in it that were not recorded.
    """
    threats = [each for part in found.parts for each in part.threats]
    if threats:
        raise Refused(
            "the previous release would be removed",
            findings=threats,
            hint=_together(part for part in found.parts if part.threats)
            or "have the deploy tool keep more releases, and set keep in [release] to that",
        )
    _loaded(found)
    cautions = [each for part in found.parts for each in part.cautions]
    if cautions:
        raise Advisory(
            "a rollback does more than to bring the previous release back, or less",
            findings=cautions,
            hint="note down by hand what must not be lost, before the rollback",
        )
    risks = [each for part in found.parts for each in part.risks]
    if risks:
        raise Advisory(
            "a thorough cleaning would remove the previous release",
            findings=risks,
            hint=_together(part for part in found.parts if part.risks),
        )
    _known(found)
    _pinned(found)


def _together(parts: Iterable[PreviousPart]) -> str:
    """Return the commands of parts in a line, each once."""
    return "; ".join(dict.fromkeys(part.hint for part in parts if part.hint))


def _unrecorded(found: PreviousParts) -> list[str]:
    """Return the files that are in the previous version, and were not when it was recorded."""
    return [f"{part.place}/{path}" for part in found.parts for path in part.more]


def _loaded(found: PreviousParts) -> None:
    """Check that no code and no settings are among them.

    Raises:
        Refused: some are.
    """
    loaded = [path for path in _unrecorded(found) if path.endswith(LOADED)]
    if loaded:
        raise Refused(
            f"{count(len(loaded), 'file')} in the previous release that nobody recorded, and that "
            "its programs would load",
            findings=loaded[:MOST],
            hint="see who made them, and remove them there; those that the system itself writes "
            "are named in besides of [release]",
        )


def _known(found: PreviousParts) -> None:
    """Check that no file is among them.

    Raises:
        Advisory: some are.
    """
    more = _unrecorded(found)
    if more:
        raise Advisory(
            f"{count(len(more), 'file')} in the previous release that nobody recorded",
            findings=more[:MOST],
            hint="the system may have written them before the deploy: name them in besides of "
            "[release]",
        )


def _pinned(found: PreviousParts) -> None:
    """Check that the previous version is named by what cannot mean another one.

    Raises:
        Advisory: it is named by a tag.
    """
    unpinned = [each for part in found.parts for each in part.unpinned]
    if unpinned:
        raise Advisory(
            "the previous release is named by what can mean another one by then",
            findings=unpinned,
            hint="name images by digest, restart the units, and have the next deploy save them; "
            "until then: rollback ready, before each rollback",
        )


def expected(_strategy: str, found: PreviousParts) -> None:
    """Check that what is live is what was deployed after the previous release was recorded.

    Raises:
        Refused: another release was live in between.
    """
    wrong = [part.unexpected for part in found.parts if part.unexpected]
    if wrong:
        raise Refused(
            "the recorded release is not the one that was live before",
            findings=wrong,
            hint=f"a release was deployed without a record; the next deploy makes one: {SAVE}",
        )


def back(strategy: str, found: PreviousParts) -> None:
    """Check that the previous version of each part is live again.

    Raises:
        Refused: it is not.
        Inconclusive: commands cannot tell.
    """
    if strategy == COMMANDS:
        shown_back(found)
        return
    wrong = [
        f"what is live is {part.live}, the previous release is in {part.place or 'no known place'}"
        for part in found.parts
        if not part.is_back
    ]
    if wrong or not found.parts:
        raise Refused("the previous release is not live", findings=wrong, hint="rollback now")
