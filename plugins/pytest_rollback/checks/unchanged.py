"""Files that both releases have alike, without a backup: judged before and after a rollback."""

from __future__ import annotations

import shlex

from pytest_rollback.agent.messages.backup.git import by_hand, silent
from pytest_rollback.agent.messages.backup.unchanged import OwnerUnchanged, Unchanged
from pytest_rollback.agent.messages.location import as_owner
from pytest_rollback.errors import Advisory, Inconclusive, Refused
from pytest_rollback.manifest.model import System
from pytest_rollback.text.quantities import count, part


def demand(found: Unchanged, owner: str, system: System) -> None:
    """Check that one owner's files, the same in both releases, are there, whole and readable.

    Raises:
        Refused: some are missing, may not be read by who needs them, or too many differ.
        Inconclusive: nobody could be asked whether they can be read.
        Advisory: a few differ, or may not be read by any unit.
    """
    if owner not in found.owners:
        raise Inconclusive(
            f"nothing is known of files that no backup holds: {found.untried}",
            hint="pass both commits in the deploy script: rollback save --help",
        )
    mine, commit = found.owners[owner], found.commit[:12]
    repository = system.fallback.git or ""
    broken = {**mine.missing, **mine.closed}
    if broken or (mine.differ and too_many(found)):
        wrong = {**mine.differ, **broken}
        raise Refused(
            f"{part(len(wrong), mine.files, 'file')} not as both releases have them, and no backup "
            "of them",
            findings=listed(wrong),
            hint=way_out(mine, repository, found.commit, system.about.root),
        )
    soft = {**mine.differ, **mine.apart, **mine.tight}
    if soft:
        raise Advisory(
            f"{part(len(soft), mine.files, 'file')} not as both releases have them: changed on "
            "purpose, as it seems",
            findings=listed(soft),
            hint="commit what is meant; what the release has: "
            f"{by_hand(repository, f'show {commit}:{shlex.quote(min(soft))}')}",
        )
    if found.untried:
        raise Inconclusive(
            f"whether the units may read {count(mine.files, 'file')} was not asked: "
            f"{found.untried}",
            hint="run as root on the host, or set [target] sudo = true",
        )


def too_many(found: Unchanged) -> bool:
    """Return whether more files differ than hotfixes would, of all owners together."""
    everybody = found.owners.values()
    differ = sum(len(each.differ) for each in everybody)
    return differ > max(1, sum(each.files for each in everybody) // 4)


def listed(wrong: dict[str, str]) -> list[str]:
    """Return findings: each path, and how it is wrong."""
    return [f"{path} {how}" for path, how in sorted(wrong.items())]


def way_out(mine: OwnerUnchanged, repository: str, commit: str, root: str) -> str:
    """Return what brings one owner's files back."""
    if mine.missing:
        path = min(mine.missing)
        place = shlex.quote(f"{root}/{path}")
        content = silent(repository, f"show {shlex.quote(f'{commit[:12]}:{path}')}")
        return (
            "deploy the release again; or put back each of them, as the root's owner: "
            f"{content} | {as_owner(root)} tee {place} >/dev/null"
        )
    if mine.closed:
        path = min(mine.closed)
        return (
            f"namei -l {root}/{path} shows owner and mode on the way; chmod or chgrp what keeps "
            "the unit's account out"
        )
    logged = by_hand(repository, f"log --all -- {shlex.quote(min(mine.differ))}")
    return f"find out which release these files are of: {logged}"


def to_compare(system: System) -> str:
    """Return what to do where a set could not be compared with a release: none is described."""
    if system.about.roots:
        return (
            "no repository is compared with several roots: have the deploy list all that it "
            "changes, rollback save --files-from=CHANGED --added-from=ADDED"
        )
    return "set git in [fallback] of rollback.toml to a repository with both releases"
