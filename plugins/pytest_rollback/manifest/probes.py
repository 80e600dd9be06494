"""Probes as `rollback.toml` describes them: one request each, and what its answer has to be."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from pytest_rollback.manifest.refused import address, askable_url
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
