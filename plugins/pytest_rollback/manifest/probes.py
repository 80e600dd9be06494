"""Probes as `rollback.toml` describes them, and maintenance: what answers, and what users get."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from pytest_rollback.manifest.refused import address, askable_url, harmless_page
from pytest_rollback.manifest.release import Argv
from pytest_rollback.manifest.values import Absolute, Frozen, Pattern, Seconds

Url = Annotated[str, Field(pattern=r"^https?://"), AfterValidator(askable_url)]
"""An address that can be asked over HTTP."""


class HostSecret(Frozen):
    """`[probes.NAME.secret_headers.HEADER]`: a secret of the host, in a file that stays there."""

    file: Absolute
    variable: str = ""
    before: str = ""


class ProbeTls(Frozen):
    """`[probes.NAME.tls]`: files on the host, in PEM."""

    certificate: Absolute | None = None
    key: Absolute | None = None
    authority: Absolute | None = None


class Probe(Frozen):
    """`[probes.NAME]`: one request to the running system, and the expected answer.

    Exactly one of `url`, `tcp` and `command` is set. `changes` says that its answer leaves
    something behind, such as an order: it is asked once where others are asked many times.
    """

    url: Url | None = None
    tcp: (
        Annotated[
            str,
            Field(pattern=r"^([^:\[\]]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}$"),
            AfterValidator(address),
        ]
        | None
    ) = None
    command: tuple[str, ...] | None = None
    method: Literal["GET", "HEAD", "POST", "PUT"] = "GET"
    headers: dict[str, str] = {}  # noqa: RUF012 - pydantic copies it
    secret_headers: dict[str, HostSecret] = {}  # noqa: RUF012 - pydantic copies it
    tls: ProbeTls | None = None
    json_: dict[str, Any] | None = Field(default=None, alias="json")
    send: str = ""
    status: int = 200
    body: Pattern = ""
    reject: Pattern = ""
    limit: Seconds = 0.1
    timeout: Seconds = 5.0
    samples: Annotated[int, Field(ge=50)] = 100
    concurrency: Annotated[int, Field(ge=1, le=32)] = 4
    changes: bool = False

    def hidden(self) -> list[tuple[str, tuple[str, str, str]]]:
        """Return the secret headers: the file, the variable, and what stands before it, by name."""
        found = self.secret_headers.items()
        return [(name, (each.file, each.variable, each.before)) for name, each in found]


Words = Annotated[str, Field(min_length=1)]
"""A text that is not empty."""


class MaintenanceCommands(Frozen):
    """`[maintenance.commands]`: what is run on the host, as words and without a shell.

    `on` and `off` switch maintenance, each as often as it is asked; `look` prints how it is:
    `shown` is in its output while maintenance is on, `lifted` while it is off. An output with both
    or none of them says nothing. `timeout` is for each of them.
    """

    on: Argv
    off: Argv
    look: Argv
    shown: Words
    lifted: Words
    timeout: Seconds = 30.0

    @model_validator(mode="after")
    def _tells_apart(self) -> MaintenanceCommands:
        """Refuse words of which the ones are in the others: no output could be told apart."""
        if self.shown in self.lifted or self.lifted in self.shown:
            raise ValueError(
                f"expected shown and lifted to be told apart in the output of look: "
                f"{self.shown!r} and {self.lifted!r} are not"
            )
        return self


class Maintenance(Frozen):
    """`[maintenance]`: the maintenance page, and how the edge shows it; or what shows it."""

    page: Annotated[Absolute, AfterValidator(harmless_page)] | None = None
    text: str = "System maintenance in progress"
    check: tuple[str, ...] = ()
    reload: tuple[str, ...] = ()
    status: int = 503
    body: Pattern = "maintenance"
    commands: MaintenanceCommands | None = None

    @model_validator(mode="after")
    def _is_one_way(self) -> Maintenance:
        """Refuse a page beside commands, and neither of both."""
        if self.commands and (self.page or self.check or self.reload):
            raise ValueError("commands show the page: leave out page, check and reload")
        if not (self.commands or self.page):
            raise ValueError("page is missing: the file that users get, or commands")
        return self

    @property
    def words(self) -> str:
        """What it is, for people: the page, or the command that switches it."""
        return " ".join(self.commands.on) if self.commands else self.page or ""
