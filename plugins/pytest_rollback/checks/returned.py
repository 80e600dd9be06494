"""Is it known which release commands bring back, can they be run, and is it proven afterwards?"""

from __future__ import annotations

from pytest_rollback.agent.messages.backup.commands import ReleaseProof
from pytest_rollback.agent.messages.backup.strategies import PreviousParts
from pytest_rollback.errors import Advisory, Inconclusive, Refused
from pytest_rollback.manifest import parts
from pytest_rollback.manifest.model import Component, System
from pytest_rollback.manifest.release import COMMANDS
from pytest_rollback.text.quantities import count

SAVE = "rollback save --replace, in the deploy script before it changes the release"
PROVES = (
    "add proves to [release.commands] of rollback.toml: a command that exits with 0 where the "
    "previous release is live, and with anything else where the current one is"
)


def returnable(found: PreviousParts) -> None:
    """Check that it is known what was live before the deploy, and that all commands can be run.

    Raises:
        Refused: nobody recorded it, or a command cannot be run.
        Inconclusive: `look` cannot tell what is live.
    """
    faults = [each for part in found.parts for each in part.faults]
    unusable = [f"{each.path}: {each.detail}" for each in faults if each.fault == "unusable"]
    if unusable:
        raise Refused(
            f"{count(len(unusable), 'command')} of the release cannot be run",
            findings=unusable,
            hint="correct [release.commands] of rollback.toml, or install what it names",
        )
    unknown = [each.detail for each in faults if each.fault == "unrecorded"]
    if unknown:
        raise Refused(
            "it is not known which release was live before",
            findings=unknown,
            hint=f"the next deploy records it: {SAVE}",
        )
    _told(found)


def _told(found: PreviousParts) -> None:
    """Check that `look` could tell what is live."""
    unread = [each.detail for part in found.parts for each in part.faults if each.fault == "unread"]
    if unread or not found.parts:
        raise Inconclusive(
            "the release that is live is not known",
            findings=unread,
            hint="; ".join(part.hint for part in found.parts) or "see look in [release.commands]",
        )


def tried(system: System, component: Component) -> None:
    """Check that what is tried of a component before a rollback is the previous release.

    Raises:
        Advisory: commands bring it back, so that only the one that is live can be tried.
    """
    if parts.strategy(system, component) == COMMANDS:
        raise Advisory(
            "what was tried is the release that is live: the previous one is where its commands "
            "have it",
            hint="a drill tries it: rollback drill, and validate afterwards",
        )


def told_apart(_strategy: str, found: PreviousParts, proof: ReleaseProof | None) -> None:
    """Check that `look` and `proves` tell the current release from the previous one.

    Raises:
        Refused: they say of the current one what they would say of the previous one.
        Inconclusive: `look` or `proves` says nothing.
        Advisory: there is no `proves`.
    """
    _told(found)
    same = [part.live for part in found.parts if part.is_back]
    if same:
        raise Refused(
            "look shows what it showed before the deploy",
            findings=same,
            hint="either the previous release is live, or look does not tell releases apart: it "
            "has to print what differs, such as a version or a digest",
        )
    if proof is None:
        raise Advisory("no second proof that the previous release is back", hint=PROVES)
    if proof.problem:
        raise _silent(proof)
    if proof.passed:
        raise Refused(
            "proves passes while the current release is live: after a rollback it proves nothing",
            findings=[proof.words],
            hint="have proves in [release.commands] ask what the previous release alone has",
        )


def _silent(proof: ReleaseProof) -> Inconclusive:
    return Inconclusive(
        f"proves says nothing: {proof.problem}",
        hint="run it on the host; correct proves or timeout in [release.commands]",
    )


def back(found: PreviousParts) -> None:
    """Check that `look` shows what it showed before the deploy.

    Raises:
        Refused: it shows something else.
        Inconclusive: it cannot tell, or nobody recorded it.
    """
    _told(found)
    unknown = [each.detail for part in found.parts for each in part.faults]
    wrong = [
        f"what is live is {part.live}, recorded was {part.place}"
        for part in found.parts
        if not part.is_back
    ]
    if wrong and not any(part.place for part in found.parts):
        raise Inconclusive(
            "it is not known which release was live before",
            findings=unknown,
            hint=f"the next deploy records it: {SAVE}",
        )
    if wrong:
        raise Refused("the previous release is not live", findings=wrong, hint="rollback now")


def proven(proof: ReleaseProof | None, system: System) -> None:
    """Check the second proof that the previous release is live.

    Raises:
        Inconclusive: there is none, or it says nothing.
        Refused: it says that another one is.
    """
    if proof is None:
        raise Inconclusive(
            f"look alone says that the previous release of {system.about.name} is live",
            hint=PROVES,
        )
    if proof.problem:
        raise _silent(proof)
    if not proof.passed:
        raise Refused(
            "proves does not pass: the previous release is not proven to be live",
            findings=[proof.words],
            hint="run it on the host; see what it asks, and what the command of return left undone",
        )
