"""Which command a line runs: behind assignments, sudo, env, nice, timeout and their like."""

from __future__ import annotations

import re
from collections.abc import Sequence

ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
KEYWORDS = frozenset(("do", "then", "else", "elif", "if", "while", "until", "!", "{", "time"))
VALUES = {
    "sudo": "-u --user -g --group -h --host -p --prompt -C -D --chdir -R --chroot -T -U -r -t",
    "doas": "-u -C",
    "env": "-u --unset -C --chdir -S --split-string",
    "nice": "-n --adjustment",
    "ionice": "-c --class -n --classdata",
    "chrt": "",
    "timeout": "-k --kill-after -s --signal",
    "time": "-f --format -o --output",
    "stdbuf": "-i -o -e",
    "runuser": "-u --user -g --group -G",
    "setpriv": "--reuid --regid --groups",
    "systemd-run": "-u --unit -p --property -E --setenv -M -H --uid --gid",
    "watch": "-n --interval",
    "flock": "-w --timeout -E",
    "nohup": "",
    "setsid": "",
    "exec": "-a",
    "command": "",
    "builtin": "",
    "unbuffer": "",
    "caffeinate": "-t",
}
"""Programs that run another, and those of their options that take the next word."""

PLACES = {"timeout": 1, "flock": 1, "chrt": 1}
"""How many words, such as a time, stand between the options of one and the command."""


def bare(words: Sequence[str]) -> tuple[str, ...]:
    """Return the command that words run in the end; () where they run none."""
    left = list(words)
    while left:
        word = left[0]
        name = word.rpartition("/")[2]
        if word in KEYWORDS or ASSIGNMENT.match(word):
            left = left[1:]
        elif name in VALUES:
            left = behind(name, left[1:])
        else:
            return tuple(left)
    return ()


def behind(name: str, left: list[str]) -> list[str]:
    """Return the words behind a program that runs another: without its options and places."""
    taking = VALUES[name].split()
    while left and left[0].startswith("-") and left[0] != "-":
        word, left = left[0], left[1:]
        if word == "--":
            break
        left = left[1:] if word in taking or takes_next(word, taking) else left
    return left[PLACES.get(name, 0) :]


def takes_next(word: str, taking: Sequence[str]) -> bool:
    """Return whether the last of several letters in one option takes the next word: `-iu NAME`."""
    letters = word[1:]
    if word.startswith("--") or not letters.isalpha():
        return False
    first = next((at for at, each in enumerate(letters) if f"-{each}" in taking), None)
    return first is not None and first == len(letters) - 1
