"""What a repository knows of two releases: read by plumbing commands, which run nothing else.

A repository's settings are hostile input: no hook, monitor, filter or transport that they name is
run, and nothing is fetched. As root we become its owner first.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import Container, Iterable, Iterator, NamedTuple, Sequence, Set

from ..errors import HostError
from ..files import lookup, ownership, reach
from ..messages.backup.git import ReleaseDiff, ReleasesRequest, by_hand
from ..system.command import CommandResult, identity, run, surroundings

SETTINGS = ("core.fsmonitor=", "core.hooksPath=/dev/null", "protocol.allow=never")
SURROUNDINGS = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
}
GITDIR = re.compile(r"gitdir: ([^\n]{1,4096})")
COMMIT = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/~^-]*")
TIMEOUT = 30.0
STUCK: Set[str] = set()  # repositories in which git did not end in time
MOST = 128 << 20
"""Bytes of a listing: a million paths or so."""

KINDS = {"blob", "tree", "commit", "tag"}

UNSET = ("unspecified", "unset")
"""How git says that a path has no such attribute."""

KEYS = {"A": "added", "D": "removed"}
"""Where the letter of `git diff-tree` belongs; every other one is a change."""


class TreeEntry(NamedTuple):
    """One path of a commit: `blob`, `commit` for a submodule; and its object."""

    path: str
    mode: str
    kind: str
    object: str

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link: its object is the name that it leads to."""
        return self.mode == "120000"


class ChangedPaths(NamedTuple):
    """The paths that differ between two commits, sorted. A rename is one added, one removed."""

    changed: list[str]
    added: list[str]
    removed: list[str]


def changed(repository: str, previous: str, current: str) -> ChangedPaths:
    """Return the paths that two commits change, add and remove.

    Raises:
        HostError: no repository, no git, or a commit that is not in it.
    """
    previous, current = resolved(repository, [previous, current])
    listed = output(repository, "diff-tree", "-r", "-z", "--raw", "--no-renames", previous, current)
    found: dict[str, list[str]] = {}
    words = iter(listed.split("\0"))
    for facts, path in zip(words, words):
        found.setdefault(KEYS.get(facts[-1:], "changed"), []).append(path)
    return ChangedPaths(*(sorted(found.get(key, ())) for key in ChangedPaths._fields))


def missing(
    repository: str, commit: str, paths: Iterable[str], links: Container[str] = ()
) -> dict[str, str]:
    """Return why a commit does not hold each of these paths as a file; {} when it holds all.

    Those of `links` it has to hold as links.

    Raises:
        HostError: no repository, no git, or a commit that is not in it.
    """
    wanted = set(paths)
    (commit,) = resolved(repository, [commit])
    entries = {entry.path: entry for entry in listing(repository, commit) if entry.path in wanted}
    files = [
        entry
        for entry in entries.values()
        if entry.kind == "blob" and entry.is_link == (entry.path in links)
    ]
    sizes = dict(zip((entry.path for entry in files), stored(repository, files)))
    found = {path: lacking(entries.get(path), sizes.get(path)) for path in sorted(wanted)}
    return {path: why for path, why in found.items() if why}


def lacking(entry: TreeEntry | None, size: str | None) -> str:
    """Return why a path of a commit is nothing to fall back on; "" when it is."""
    if entry is None:
        return "not in the commit"
    if size is None:
        return f"is a {'link' if entry.is_link else entry.kind} in the commit"
    return "" if size else "its content is not in the repository (a partial clone)"


def listing(repository: str, commit: str) -> Iterator[TreeEntry]:
    """Yield every path of a commit."""
    for line in output(repository, "ls-tree", "-r", "-z", "--full-tree", commit).split("\0"):
        facts, tab, path = line.partition("\t")
        if tab:
            yield TreeEntry(path, *facts.split())


def left_out(repository: str) -> Iterator[str]:
    """Yield the paths that a working tree leaves out on purpose: a sparse checkout."""
    for line in output(repository, "ls-files", "-t", "-z", "--full-name").split("\0"):
        if line.startswith("S "):
            yield line[2:]


def with_attributes(
    repository: str, commit: str, paths: Sequence[str], names: Sequence[str]
) -> list[str]:
    """Return which paths of a commit have one of some attributes: git stores them otherwise."""
    if not paths:
        return []
    given = "".join(f"{path}\0" for path in paths)
    asked = ["check-attr", "-z", "--stdin"]
    try:
        told = output(repository, *asked, f"--source={commit}", *names, given=given)
    except HostError:  # before git 2.40
        told = output(repository, *asked, *names, given=given)
    words = iter(told.split("\0"))
    found = (path for path, _, value in zip(words, words, words) if value not in UNSET)
    return list(dict.fromkeys(found))


def stored(repository: str, entries: Sequence[TreeEntry]) -> list[str]:
    """Return the size of each entry's object, "" where the repository does not have it."""
    return [size for _, size in described(repository, [entry.object for entry in entries])]


def resolved(repository: str, commits: Sequence[str]) -> list[str]:
    """Return the full ids of commits.

    Raises:
        HostError: one of them is not in the repository.
    """
    for commit in commits:
        if COMMIT.fullmatch(commit) is None:
            raise HostError(
                f"{commit!r} is not a full commit id",
                "pass its full id to rollback save",
            )
    found = described(repository, [f"{commit}^{{commit}}" for commit in commits])
    for commit, (_, size) in zip(commits, found):
        if not size:
            raise unknown(repository, commit)
    return [name for name, _ in found]


def unknown(repository: str, commit: str) -> HostError:
    """Return the problem of a commit that is not there: perhaps it was left out of the clone."""
    shallow = output(repository, "rev-parse", "--is-shallow-repository").strip() == "true"
    fetch = "fetch --unshallow" if shallow else f"fetch origin {commit}"
    what = "a shallow clone" if shallow else "the repository"
    return HostError(
        f"{what} {repository} does not have the commit {commit}",
        f"{by_hand(repository, fetch)}; or pass the deployed commit to rollback save",
    )


def described(repository: str, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return id and size of each named object, both "" where there is none; one process."""
    given = "".join(f"{name}\n" for name in names)
    lines = output(repository, "cat-file", "--batch-check=%(objectname) %(objectsize)", given=given)
    found = [line.split(" ") for line in lines.splitlines()]
    return [(one, size) if size.isdigit() else ("", "") for one, size in found]


def kinds(repository: str, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return id and kind of each named object, both "" where there is none; one process."""
    given = "".join(f"{name}\n" for name in names)
    if not given:
        return []
    form = "--batch-check=%(objectname) %(objecttype)"
    lines = output(repository, "cat-file", form, given=given).split("\n")
    found = [line.rsplit(" ", 1) for line in lines[: len(names)]]
    return [(each[0], each[1]) if each[-1] in KINDS else ("", "") for each in found]


def output(repository: str, *argv: str, given: str = "") -> str:
    """Return what a git command prints.

    Raises:
        HostError: it failed; in its own words.
    """
    outcome = called(repository, argv, given)
    if outcome.missing:
        raise HostError("git is not installed on this host", "install git, or leave out [fallback]")
    if outcome.code or outcome.cut:
        why = "its answer is too long" if outcome.cut else outcome.words
        raise HostError(
            f"git {argv[0]} failed in {repository}: {why}",
            f"see {by_hand(repository, 'log -1')}; or correct git in [fallback]",
        )
    return outcome.out


def called(repository: str, argv: Sequence[str], given: str) -> CommandResult:
    """Run git in a repository, as its owner where we can become it; one that blocks, only once."""
    if repository not in STUCK:
        user = owner(repository)
        settings = [*SETTINGS, f"safe.directory={os.path.realpath(repository)}"]
        options = [word for setting in settings for word in ("-c", setting)]
        words = ["git", "--no-pager", "-C", repository, *options, *argv]
        env = {**surroundings(identity(user)), **SURROUNDINGS}
        told = given.encode("utf-8", "surrogateescape")
        outcome = run(words, TIMEOUT, env=env, user=user, stdin=told, most=MOST)
        if not outcome.timed_out:
            return outcome
        STUCK.add(repository)
    raise HostError(
        f"git gave no answer in {TIMEOUT:.0f} s in the repository {repository}",
        f"find {repository}/.git ! -type f ! -type d shows what is no file, such as a fifo",
    )


def owner(repository: str) -> str:
    """Return the account that root becomes for a repository; "" to stay who we are.

    It is whoever can change its configuration: that names programs.

    Raises:
        HostError: there is no such directory, or those are several, or none that we can become.
    """
    try:
        reach.status(repository)
        return ownership.runner(configured(repository)) if os.geteuid() == 0 else ""
    except OSError as error:
        raise HostError(
            f"the repository {repository} cannot be read: {error.strerror}",
            f"see 'ls -ld {repository}' on the host, or correct git in [fallback]",
        ) from error


def configured(repository: str) -> Iterator[str]:
    """Yield what decides which configuration git reads in a repository, and of what it is."""
    inside = os.path.join(repository, ".git")
    places = [repository, inside]
    with suppress(OSError):  # of a working tree beside others: a file that says where it is
        named = GITDIR.match(reach.text(inside))
        if named:
            place = os.path.join(repository, named[1])
            places += [place, os.path.join(place, "..", "..")]
    for place in places:
        yield place
        if lookup.kind(place) == "directory":
            yield from (os.path.join(place, name) for name in ("config", "config.worktree", "HEAD"))


def compare(request: ReleasesRequest) -> ReleaseDiff:
    """Return what a deploy of `current` over `previous` changes below the root, and adds to it.

    Raises:
        HostError: no repository, no git, or a commit that is not in it; or nothing lies between.
    """
    repository = request.repository
    found = changed(repository, request.previous, request.current)
    previous, current = resolved(repository, [request.previous, request.current])
    below = prefix(repository, request.root)
    files, added = within(below, found.changed + found.removed), within(below, found.added)
    return ReleaseDiff(files, added, previous, current)


def prefix(repository: str, root: str) -> str:
    """Return what the paths of a repository begin with when they lie below the root.

    A root apart from the repository holds what the repository holds.
    """
    top, here = os.path.realpath(repository), os.path.realpath(root)
    if os.path.commonpath([top, here]) == here and top != here:
        raise HostError(
            f"the repository {repository} is below the root {root}: its paths are different",
            "list the files instead of --from-git",
        )
    inside = os.path.relpath(here, top)
    return "" if inside == "." or inside.startswith("..") else inside + "/"


def within(below: str, paths: Iterable[str]) -> tuple[str, ...]:
    """Return those of a repository's paths that lie below the root, relative to it; sorted."""
    return tuple(sorted(path[len(below) :] for path in paths if path.startswith(below)))
