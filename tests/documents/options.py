"""The tables of all options and settings, as the parser of pytest has them from us."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from _pytest.config.argparsing import Parser

from pytest_rollback.plugin.options import OWN, declare, long
from pytest_rollback.run.extra_types import ExtraOption
from pytest_rollback.run.extras import outside


def every() -> tuple[ExtraOption, ...]:
    """Return the options of the core, then those of the parts."""
    return (*OWN, *outside().options)


def cell(text: str) -> str:
    """Return a text that is safe within a table, as one sentence."""
    return " ".join(text.split()).replace("|", "\\|")


def option(each: ExtraOption) -> str:
    """Return the line of one option."""
    value = f"={each.metavar}" if each.metavar else ""
    name = f"`{long(each.name)}{value}`"
    short = "" if each.name == long(each.name) else f"`{each.name}{value}`"
    return f"| {name} | {short} | {cell(each.help)} |"


class SettingsParser(Parser):
    """A parser of pytest that keeps what is said of each setting."""

    def __init__(self) -> None:
        super().__init__(_ispytest=True)
        self.settings: dict[str, tuple[str, object]] = {}

    def addini(self, name: str, help: str, *_more: Any, **words: Any) -> None:  # noqa: A002, ANN401 - as pytest's
        """Keep a setting."""
        self.settings[name] = help, words.get("default")


def settings() -> Iterator[str]:
    """Yield the line of each setting of pytest's configuration file."""
    parser = SettingsParser()
    declare(parser, outside())
    for name, (about, default) in sorted(parser.settings.items()):
        yield f"| `{name}` | {f'`{default}`' if default else ''} | {cell(about)} |"


def table() -> str:
    """Return both tables."""
    return "\n".join(
        [
            "| option | short name | meaning |",
            "| --- | --- | --- |",
            *map(option, every()),
            "",
            "## Settings of pytest's configuration file",
            "",
            "| setting | default | meaning |",
            "| --- | --- | --- |",
            *settings(),
        ]
    )
