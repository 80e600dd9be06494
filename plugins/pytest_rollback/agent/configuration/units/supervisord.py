"""A program of supervisord as its configuration defines it: what `supervisor/options.py` does.

The parser is the one that supervisord itself uses, with the same settings. Options expand
`%(here)s`, `%(program_name)s`, `%(group_name)s`, `%(process_num)d`, `%(numprocs)d`,
`%(host_node_name)s` and `%(ENV_x)s`, x being a variable of supervisord's own environment.
"""

from __future__ import annotations

import configparser
import fnmatch
import os
import shlex
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Sequence, Tuple

from ...files import lookup
from .definition import UnitCommand, UnitDefinition

Reader = Callable[[str], str]
"""Returns the text of the file at an absolute path; raises OSError."""

TRUE = ("yes", "true", "on", "1")
NO_FILE = ("", "auto", "none", "off", "syslog")
KINDS = ("program:", "fcgi-program:", "eventlistener:")


class NotTaken(ValueError):
    """supervisord would refuse this configuration; the words hold no value."""


class ProgramFiles(NamedTuple):
    """A configuration of supervisord: its sections, the files they come from, `%(here)s`."""

    parser: configparser.RawConfigParser
    files: Tuple[str, ...]
    here: str


def read(
    main: str, text_of: Reader, listed: Callable[[str], Sequence[str]], variables: Mapping[str, str]
) -> ProgramFiles:
    """Return the configuration with all of the files that it includes.

    Args:
        main: the absolute path of the main file.
        text_of: reads a file.
        listed: returns the paths that match a pattern, as `glob.glob` does.
        variables: the environment of supervisord.

    Raises:
        OSError: the main file cannot be read.
        NotTaken: it cannot be parsed.
    """
    found, files = parser(), [main]
    parsed(found, main, text_of)
    here = os.path.dirname(main)
    settled(found, here)
    if found.has_section("include"):
        if not found.has_option("include", "files"):
            raise NotTaken("[include] has no files")
        known = {"here": here, "host_node_name": os.uname().nodename, **named(variables)}
        for pattern in percent(found.get("include", "files"), known, "files").split():
            for path in sorted(listed(os.path.join(here, pattern))):
                parsed(found, path, text_of)
                settled(found, os.path.dirname(path))
                files.append(path)
    return ProgramFiles(found, tuple(files), here)


def parser() -> configparser.RawConfigParser:
    """Return a parser as supervisord makes it."""
    return configparser.RawConfigParser(inline_comment_prefixes=(";", "#"), strict=False)


def parsed(found: configparser.RawConfigParser, path: str, text_of: Reader) -> None:
    """Read one more file."""
    try:
        found.read_string(text_of(path), path)
    except configparser.Error as error:
        raise NotTaken(f"{path}: {fault(error)}") from error


def fault(error: configparser.Error) -> str:
    """Return where a parser stopped, without what stands there."""
    line = getattr(error, "lineno", None) or next(iter(getattr(error, "errors", ())), (0,))[0]
    before = isinstance(error, configparser.MissingSectionHeaderError)
    return f"line {line}: {'comes before any section' if before else 'is no key=value'}"


def settled(found: configparser.RawConfigParser, here: str) -> None:
    """Replace `%(here)s` by the directory of the file that was just read."""
    for section in found.sections():
        for key, value in found.items(section):
            if value and "%(here)s" in value:
                found.set(section, key, value.replace("%(here)s", here))


def named(variables: Mapping[str, str]) -> Dict[str, str]:
    """Return variables under the names by which options take them."""
    return {f"ENV_{name}": value for name, value in variables.items()}


def percent(text: str, known: Mapping[str, Any], key: str) -> str:
    """Return an expanded option.

    Raises:
        NotTaken: it names something that does not exist, or is badly formatted.
    """
    try:
        return text % known
    except KeyError as error:
        raise NotTaken(f"{key}: there is no {error.args[0]}") from error
    except (TypeError, ValueError) as error:
        raise NotTaken(f"{key}: is badly formatted") from error


def pairs(text: str, key: str) -> Dict[str, str]:
    """Return `KEY="value",KEY2=value2` as a table, as supervisord does."""
    lexer = shlex.shlex(text)
    lexer.wordchars += "/.+-():"
    try:
        tokens = list(lexer)
    except ValueError as error:
        raise NotTaken(f"{key}: quotes are not closed") from error
    found: Dict[str, str] = {}
    for at in range(0, len(tokens), 4):
        three = tokens[at : at + 3]
        if len(three) != 3 or three[1] != "=":  # noqa: PLR2004 - key, mark, value
            raise NotTaken(f"{key}: is no list of KEY=value")
        found[three[0]] = three[2].strip("'\"")
    return found


def sections(found: configparser.RawConfigParser) -> Iterator[Tuple[str, str]]:
    """Yield the section of each program with the group that it belongs to."""
    grouped: Dict[str, str] = {}
    for section in found.sections():
        if section.startswith("group:"):
            name = section.partition(":")[2].strip()
            for program in found.get(section, "programs", fallback="").split(","):
                grouped[program.strip()] = name
    for section in found.sections():
        if section.startswith(KINDS):
            program = section.partition(":")[2].strip()
            yield section, grouped.get(program, program)


def defined(unit: str, read_: ProgramFiles, variables: Mapping[str, str]) -> UnitDefinition:
    """Return what a configuration says of a unit: `program`, or `group:process`.

    Raises:
        NotTaken: supervisord would refuse it, or it has no such unit.
    """
    group, _, process = unit.partition(":")
    found, base = read_.parser, handed(read_, variables)
    for section, owner in sections(found):
        if owner != group:
            continue
        for one in processes(section, owner, read_, {**variables, **base}):
            if one.unit == (process or group) or process == "*":
                return finished(one, unit, base)
    raise NotTaken(f"has no [program:{process or group}]")


def programs(read_: ProgramFiles, variables: Mapping[str, str]) -> Iterator[UnitDefinition]:
    """Yield each process of a configuration; its unit is `group:process`.

    Raises:
        NotTaken: supervisord would refuse it.
    """
    base = handed(read_, variables)
    for section, owner in sections(read_.parser):
        for one in processes(section, owner, read_, {**variables, **base}):
            yield finished(one, f"{owner}:{one.unit}", base)


def handed(read_: ProgramFiles, variables: Mapping[str, str]) -> Dict[str, str]:
    """Return the variables that `[supervisord]` gives to all programs."""
    found = read_.parser
    if found.has_option("supervisord", "environment"):
        text = found.get("supervisord", "environment")
        known = {"here": read_.here, "host_node_name": os.uname().nodename, **named(variables)}
        return pairs(percent(text, known, "environment"), "environment")
    return {}


def processes(
    section: str, group: str, read_: ProgramFiles, variables: Mapping[str, str]
) -> Iterator[UnitDefinition]:
    """Yield each process of a section; `unit` is its name within its group."""
    options = dict(read_.parser.items(section))
    program = section.partition(":")[2].strip()
    known: Dict[str, Any] = {
        "here": read_.here,
        "program_name": program,
        "host_node_name": os.uname().nodename,
        "group_name": group,
        **named(variables),
    }
    if "command" not in options:
        raise NotTaken(f"[{section}] has no command")
    count, first = number(options, "numprocs", 1), number(options, "numprocs_start", 0)
    for position in range(first, first + count):
        here: Dict[str, Any] = {**known, "process_num": position, "numprocs": count}
        environment = pairs(
            percent(options.get("environment") or "", here, "environment"), "environment"
        )
        here.update(named(environment))
        name = percent(options.get("process_name", "%(program_name)s"), here, "process_name")
        yield process_of(name, options, here, environment, read_.files)


def number(options: Mapping[str, str], key: str, usual: int) -> int:
    """Return a number of a section."""
    try:
        return int(options.get(key, usual))
    except ValueError as error:
        raise NotTaken(f"{key}: is no number") from error


def process_of(
    name: str,
    options: Mapping[str, str],
    known: Mapping[str, Any],
    environment: Dict[str, str],
    files: Tuple[str, ...],
) -> UnitDefinition:
    """Return one process."""

    def option(key: str) -> str:
        return percent(options.get(key) or "", known, key)

    try:
        argv = tuple(shlex.split(option("command")))
    except ValueError as error:
        raise NotTaken("command: quotes are not closed") from error
    log = written(option("stdout_logfile"))
    joined = option("redirect_stderr").lower() in TRUE
    return UnitDefinition(
        unit=name,
        files=files,
        commands=(UnitCommand("command", argv),) if argv else (),
        user=option("user"),
        directory=option("directory"),
        environment=environment,
        log=log,
        error_log="" if joined else written(option("stderr_logfile")),
        faults=() if argv else ("command: is empty",),
    )


def written(value: str) -> str:
    """Return the file that an option for a log names; "" where it names none."""
    return "" if value.lower() in NO_FILE else os.path.expanduser(value)


def finished(one: UnitDefinition, unit: str, base: Mapping[str, str]) -> UnitDefinition:
    """Return a process with the whole environment that its configuration gives it."""
    return one._replace(unit=unit, environment={**base, **one.environment})


def matching(pattern: str, more: Sequence[str], gone: Sequence[str] = ()) -> List[str]:
    """Return what a pattern of [include] matches: files that are there, and `more`, less `gone`."""
    there = {path for path in lookup.matching(pattern) if path not in gone}
    return sorted(there | {path for path in more if fnmatch.fnmatch(path, pattern)})
