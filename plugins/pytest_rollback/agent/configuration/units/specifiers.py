"""Specifiers of unit files, such as %i: what each stands for, see systemd.unit(5)."""

from __future__ import annotations

import os
import pwd
import re
from typing import Callable, Dict, Tuple

PLACES = {
    "t": "/run",
    "S": "/var/lib",
    "C": "/var/cache",
    "L": "/var/log",
    "E": "/etc",
    "T": "/tmp",  # noqa: S108 - what systemd puts there
    "V": "/var/tmp",  # noqa: S108 - the same
}
ONE = re.compile(r"%(.)", re.DOTALL)
ESCAPED = re.compile(r"\\x([0-9a-fA-F]{2})")


def expanded(text: str, unit: str, file: str = "") -> str:
    """Return a text with its specifiers resolved; one that systemd does not know stays.

    Args:
        text: the text.
        unit: the whole name of the unit, such as `web@1.service`.
        file: the absolute path of the unit's own file.
    """
    if "%" not in text:
        return text
    return ONE.sub(lambda found: of(found[1], unit, file), text)


def of(letter: str, unit: str, file: str) -> str:
    """Return what one specifier stands for."""
    if letter in PLACES:
        return PLACES[letter]
    named = names(unit, file)
    if letter in named:
        return named[letter]
    return HOST[letter]() if letter in HOST else f"%{letter}"


def names(unit: str, file: str) -> Dict[str, str]:
    """Return the specifiers that stand for parts of the unit's own name."""
    prefix, instance = parts(unit)
    last = prefix.rpartition("-")[2]
    return {
        "%": "%",
        "n": unit,
        "N": unit.rpartition(".")[0],
        "p": prefix,
        "P": unescaped(prefix),
        "i": instance,
        "I": unescaped(instance),
        "j": last,
        "J": unescaped(last),
        "f": f"/{unescaped(instance or prefix).lstrip('/')}",
        "y": file,
        "Y": os.path.dirname(file),
    }


def parts(unit: str) -> Tuple[str, str]:
    """Return the prefix and the instance of a unit's name; the instance is "" without an @."""
    stem = unit.rpartition(".")[0]
    prefix, _, instance = stem.partition("@")
    return prefix, instance


def unescaped(name: str) -> str:
    r"""Return a name without systemd's escapes: "-" is "/", \x2d is "-"."""
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), name.replace("-", "/"))


def _line(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.readline().strip()
    except OSError:
        return ""


def _release(key: str) -> str:
    try:
        with open("/etc/os-release", encoding="utf-8") as file:
            pairs = [line.rstrip("\n").partition("=") for line in file]
    except OSError:
        return ""
    return next((value.strip("'\"") for name, _, value in pairs if name == key), "")


HOST: Dict[str, Callable[[], str]] = {
    "H": lambda: os.uname().nodename,
    "l": lambda: os.uname().nodename.partition(".")[0],
    "q": lambda: os.uname().nodename,
    "v": lambda: os.uname().release,
    "a": lambda: {"x86_64": "x86-64", "aarch64": "arm64"}.get(
        os.uname().machine, os.uname().machine
    ),
    "m": lambda: _line("/etc/machine-id"),
    "b": lambda: _line("/proc/sys/kernel/random/boot_id").replace("-", ""),
    "o": lambda: _release("ID"),
    "w": lambda: _release("VERSION_ID"),
    "W": lambda: _release("VARIANT_ID"),
    "B": lambda: _release("BUILD_ID"),
    "A": lambda: _release("IMAGE_VERSION"),
    "M": lambda: _release("IMAGE_ID"),
    "u": lambda: "root",  # of the manager, which is the system's
    "U": lambda: "0",
    "g": lambda: "root",
    "G": lambda: "0",
    "h": lambda: pwd.getpwuid(0).pw_dir,
    "s": lambda: pwd.getpwuid(0).pw_shell,
}
