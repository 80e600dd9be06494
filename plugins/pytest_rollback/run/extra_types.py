"""What parts of `extras/` and the core hand to each other, as types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from pytest_rollback.manifest.load import Loaded
    from pytest_rollback.recovery.action import AnyAction
    from pytest_rollback.run.run_record import RunRecord

Given = Mapping[str, str | bool | None]
"""The options of all parts by name, such as `--impact`; None or False where one was not given."""


class ExtraOption(NamedTuple):
    """One option of pytest that a part adds.

    Args:
        name: as it is typed; `--rollback-` before it makes the name that nobody else gives.
        help: what it is for.
        metavar: what its value is called; without one it is a flag.
        setting: whether pytest's configuration files may have it, as `rollback_NAME`.
    """

    name: str
    help: str
    metavar: str = ""
    setting: bool = False


class Command(NamedTuple):
    """One command of the command line.

    Args:
        place: its function, as `module:function`; the module is one of ours, below the package, or
            of another one. It takes the arguments and the name that help and hints give it, and
            returns an exit code.
        about: what it does, for the list of commands.
        needs: packages that it cannot do without, and that are not always installed.
    """

    place: str
    about: str
    needs: tuple[str, ...] = ()


class PlacedAction(NamedTuple):
    """A restore action of a part, and the name of the action that it comes after."""

    action: AnyAction
    after: str


class PracticeTarget(Protocol):
    """A system to practise on, while a session uses it.

    `owned` says that it was started for the session and ends with it, `scenario` how its release
    turns bad.
    """

    owned: bool
    scenario: str

    def load(self) -> Loaded:
        """Return its own rollback.toml."""

    def prepare(
        self, suite: str, healthy: Callable[[], object], roll_back: Callable[[], object]
    ) -> None:
        """Bring it to the state that a suite starts from."""

    def trouble(self, name: str) -> None:
        """Break it on purpose, in one of its ways."""

    def close(self) -> None:
        """End it; a sandbox that is kept is left healthy."""


class PracticeKind(Protocol):
    """A kind of system to practise on."""

    def sketch(self, folder: Path) -> Loaded:
        """Return its description without starting anything."""

    def open(self, folder: Path, scenario: str | None) -> PracticeTarget:
        """Return the one that is up, or start one for the session."""

    def kept(self) -> Path:
        """Return the rollback.toml of the one that is kept running.

        Raises:
            UsageError: none is.
        """


class RunResult(NamedTuple):
    """What a session ended with: its record without secrets, its exit code, what was asked for.

    `folder` is where relative paths of options begin.
    """

    record: RunRecord
    code: int
    given: Given
    folder: Path


class ResultText(NamedTuple):
    """What became of a result: the only line that is printed, problems, and another exit code."""

    line: str = ""
    problems: tuple[str, ...] = ()
    code: int | None = None
