"""Every rule of the house by its sentence, and the named exceptions from them."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import NamedTuple

from tests.architecture import shape
from tests.architecture.layers import LAYERS, Check
from tests.architecture.sources import Sources

CHECKS: dict[str, Check] = {
    **LAYERS,
    "at most 15 entries a folder": shape.crowded,
    "files have 40 to 300 lines": shape.sized,
    "one class name, one class": shape.twice,
    "modules and classes have the field's names": shape.riddles,
    "functions are short": shape.long_functions,
    "each package says what it promises": shape.faceless,
    "what is general names no system": shape.of_one_system,
    "nothing leads out of the repository": shape.elsewhere,
    "each test under suites/ is one criterion": shape.nameless,
}


class Exempt(NamedTuple):
    """A finding that is let pass: the beginning of the rule, a pattern of the finding, and why."""

    rule: str
    finding: str
    why: str


EXEMPT: tuple[Exempt, ...] = ()


def findings(name: str, found: Sources) -> list[str]:
    """Return what breaks a rule and is not exempt from it."""
    return [each for each in CHECKS[name](found) if not excused(name, each)]


def excused(name: str, finding: str) -> list[Exempt]:
    """Return the exceptions that a finding falls under."""
    return [
        each
        for each in EXEMPT
        if name.startswith(each.rule) and fnmatch(finding, f"{each.finding}*")
    ]
