"""Which interpreter a command ends up in: through shebangs, `env`, shells and other wrappers."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
from typing import Callable, List, NamedTuple, Sequence, Tuple

from ...files import reach

PYTHON = re.compile(r"(python|pypy)[0-9.]*[a-z]?")
SHELLS = ("sh", "bash", "dash", "ksh", "zsh", "busybox")
WRAPPERS = {
    "nice": ("-n",),
    "ionice": ("-c", "-n"),
    "setsid": (),
    "nohup": (),
    "exec": ("-a",),
    "command": (),
    "stdbuf": ("-i", "-o", "-e"),
    "timeout": ("-s", "-k"),
    "chrt": (),
    "taskset": (),
    "numactl": (),
    "setpriv": (),
    "catchsegv": (),
}
"""Programs that become another one, and their options that take a word."""

COUNTED = {"timeout": 1, "taskset": 1, "chrt": 1}
"""How many words of theirs stand before the program."""

LINE = 4096
"""Bytes of a line of a script that are looked at."""

ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
LONG = re.compile(rb"'''exec' \"?([^\"\s]+)\"? ")
"""The second line of a script whose interpreter's path is too long for a shebang."""

DEPTH = 8


class Program(NamedTuple):
    """What a command runs in the end.

    `interpreter` is a Python, "" where it is none or cannot be told. `files` are paths that have
    to exist for it: programs, interpreters of shebangs, scripts. `sourced` are files that a shell
    reads variables from. `wrapped` is whether a shell stands between, which may export more.
    `script` is what the interpreter is given to run, "" for a module.
    """

    interpreter: str = ""
    files: Tuple[str, ...] = ()
    sourced: Tuple[str, ...] = ()
    wrapped: bool = False
    script: str = ""


class CommandSite(NamedTuple):
    """Where a command runs: its directory and PATH, and where a path is to be read instead."""

    directory: str
    path: str
    real: Callable[[str], str]

    def placed(self, name: str) -> str:
        """Return the absolute path of a program or script; as given where nothing is found."""
        if "/" in name:
            return os.path.normpath(os.path.join(self.directory, name))
        for place in self.path.split(":"):
            full = os.path.join(place, name)
            with contextlib.suppress(OSError):
                if reach.status(self.real(full)).st_mode & 0o111:
                    return full
        return name


def found(argv: Sequence[str], site: CommandSite, depth: int = DEPTH) -> Program:
    """Return what a command runs in the end."""
    words = list(argv)
    while words and ASSIGNMENT.match(words[0]):
        words.pop(0)
    if not words or depth == 0:
        return Program()
    name = os.path.basename(words[0])
    here = Program(files=(site.placed(words[0]),) if name not in BUILT_IN else ())
    if PYTHON.fullmatch(name):
        given = script(words, site)
        files = (*here.files, given) if given else here.files
        return here._replace(interpreter=here.files[0], files=files, script=given)
    if name == "env":
        return joined(here, found(after_env(words), site, depth - 1))
    if name in SHELLS:
        return joined(here, of_shell(words, site, depth))._replace(wrapped=True)
    if name in WRAPPERS:
        return joined(here, found(unwrapped(name, words), site, depth - 1))
    return joined(here, of_script(here.files[0], words, site, depth))


BUILT_IN = ("exec", "command", "nohup")


def joined(first: Program, then: Program) -> Program:
    """Return two steps of a command together."""
    return then._replace(files=first.files + then.files)


def script(words: Sequence[str], site: CommandSite) -> str:
    """Return the script that a Python is given; "" for `-m` and `-c`."""
    at = 1
    while at < len(words) and words[at].startswith("-"):
        if words[at][-1] in "mc" or words[at] == "-":
            return ""
        at += 2 if words[at] in ("-W", "-X") else 1
    return os.path.normpath(os.path.join(site.directory, words[at])) if at < len(words) else ""


def after_env(words: Sequence[str]) -> List[str]:
    """Return the command behind `env`, its options and its assignments."""
    rest = list(words[1:])
    while rest and (rest[0].startswith("-") or ASSIGNMENT.match(rest[0])):
        option = rest.pop(0)
        if option in ("-u", "--unset", "-C", "--chdir") and rest:
            rest.pop(0)
        elif option in ("-S", "--split-string") and rest:
            rest = [*split(rest[0]), *rest[1:]]
        elif option.startswith("-S"):
            rest = [*split(option[2:]), *rest]
    return rest


def unwrapped(name: str, words: Sequence[str]) -> List[str]:
    """Return the command behind a wrapper and its options."""
    rest = list(words[1:])
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option in WRAPPERS[name] and rest:
            rest.pop(0)
    return rest[COUNTED.get(name, 0) :]


def of_shell(words: Sequence[str], site: CommandSite, depth: int) -> Program:
    """Return what `sh -c "..."` runs last, or that of a script of a shell."""
    rest = list(words[1:])
    while rest and rest[0].startswith(("-", "+")):
        option = rest.pop(0)
        if "c" in option.lstrip("-") and not option.startswith("--") and rest:
            return of_line(rest[0], site, depth)
        if option in ("-o", "-O") and rest:
            rest.pop(0)
    return Program(
        files=(site.placed(f"./{rest[0]}" if "/" not in rest[0] else rest[0]),) if rest else ()
    )


def of_line(line: str, site: CommandSite, depth: int) -> Program:
    """Return what a line of shell runs last, and which files it reads variables from."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|\n")
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    try:
        tokens = list(lexer)
    except ValueError:
        return Program()
    commands: List[List[str]] = [[]]
    for token in tokens:
        if token.strip(";&|\n"):
            commands[-1].append(token)
        else:
            commands.append([])
    commands = [each for each in commands if each]
    sourced = tuple(each[1] for each in commands if each[0] in (".", "source") and each[1:])
    if not commands or commands[-1][0] in (".", "source"):
        return Program(sourced=sourced)
    last = found(commands[-1], site, depth - 1)
    return last._replace(sourced=sourced + last.sourced)


def split(text: str) -> List[str]:
    """Return the words of a text; one whose quotes do not end is one word."""
    try:
        return shlex.split(text)
    except ValueError:
        return [text]


def of_script(path: str, words: Sequence[str], site: CommandSite, depth: int) -> Program:
    """Return what runs a script, by its first lines; nothing for a binary."""
    try:
        with reach.file(site.real(path)) as file:
            first, second, *_ = (file.read(2 * LINE) + b"\n\n").split(b"\n")
    except OSError:
        return Program()
    if not first.startswith(b"#!"):
        return Program()
    line = os.fsdecode(first[2:LINE]).strip()
    interpreter, _, argument = line.partition(" ")
    long = LONG.match(second[:LINE]) if os.path.basename(interpreter) == "sh" else None
    if long:
        return found([os.fsdecode(long[1]), path], site, depth - 1)
    if os.path.basename(interpreter) == "env":
        behind = split(argument) if argument.startswith("-") else [argument.strip()]
        return found([interpreter, *behind, path, *words[1:]], site, depth - 1)
    options = [argument.strip()] if argument.strip() else []
    return found([interpreter, *options, path, *words[1:]], site, depth - 1)
