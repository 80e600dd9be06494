"""What of a code block is typed: behind prompts, or all of it; the rest is what came back."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_rollback.extras.runbook.markdown import ShellBlock

SHELLS = frozenset(("sh", "bash", "shell", "zsh", "ksh", "dash"))
SESSIONS = frozenset(
    (
        "console",
        "shell-session",
        "shellsession",
        "sh-session",
        "bash-session",
        "session",
        "terminal",
    )
)
PLACE = r"(?:\([\w.-]{1,40}\) ?)?"
HOST = r"\[?[\w.-]{1,40}@[\w.-]{1,80}[^$#%>\n]{0,80}\]?[ ]?[$#%>]"
PROMPT = re.compile(rf"[ \t]*{PLACE}(?:{HOST}|[\w.~/-]{{0,40}}[$%]) +(?=\S)")
ROOT = re.compile(r"[ \t]*[#>] +(?=\S)")
FOREIGN = re.compile(r"[ \t]*(?:>>>|\.\.\.|In \[\d+\]:|[\w.-]{0,40}[=>-][#>*(]) ?|[ \t]*\w{2,20}> ")
"""Prompts of programs that are no shell: Python, psql, mysql, sqlite."""

QUOTED = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"")
COMMENT = re.compile(r"(?:^|\s)#.*$")
COLUMNS = re.compile(r"\S {2,}\S")
LABEL = re.compile(r"^\s*[\w .-]{1,40}:(?:\s|$)")
FIRST = re.compile(
    r"(?:[a-z_][\w.+-]*|\.{0,2}/[\w./-]+|~/\S+|[A-Za-z_]\w*=\S*|[\w-]+/[\w./-]+|[\[{(!])"
)
LIKELY = re.compile(r"\s-{1,2}\w|[|&;<>$]|(?:^|\s)[\w.~-]*/[\w./-]|\.(?:sh|py|service)\b")
PROGRAMS = (
    "apt apt-get cat cd chmod chown cp curl docker git helm journalctl kill kubectl ln ls make "
    "mkdir mv nginx npm pip pip3 podman pg_restore ps psql pytest python python3 reboot rm "
    "rsync scp sed service sh ssh sudo supervisorctl systemctl tail tar test touch yum"
)
"""Programs whose name alone tells a command from an output, in a block without a language."""


def typed(block: ShellBlock) -> Iterator[tuple[int, str, bool]]:
    """Yield the lines that are typed: number, text without a prompt, whether a prompt is there.

    Behind a prompt, a line without one is output, unless the command above it goes on: the reader
    decides, and is given all lines of such a block.
    """
    lines = block.text.split("\n")
    prompt = prompt_of(block)
    for number, line in enumerate(lines, block.line):
        if prompt is None:
            yield number, line, True
            continue
        found = None if FOREIGN.match(line) else prompt.match(line)
        yield number, line[found.end() :] if found else line, found is not None


def prompt_of(block: ShellBlock) -> re.Pattern[str] | None:
    """Return the prompt that commands of a block stand behind; None where all of it is typed."""
    lines = block.text.split("\n")
    if any(PROMPT.match(line) for line in lines):
        return PROMPT
    is_session = block.language in SESSIONS
    return ROOT if is_session and any(ROOT.match(line) for line in lines) else None


def is_shell(block: ShellBlock) -> bool:
    """Return whether commands for a shell are in a block; one without a language has to look so."""
    if block.language in SHELLS:
        return True
    if block.language in SESSIONS or not block.language:
        return prompt_of(block) is not None or looks_typed(block.text)
    return False


def looks_typed(text: str) -> bool:
    """Return whether a text consists of commands: no tree, table, status, or question."""
    joined = text.replace("\\\n", " ")
    plain = [COMMENT.sub("", QUOTED.sub("q", line)).rstrip() for line in joined.split("\n")]
    lines = [line for line in plain if line.strip()]
    is_odd = any(
        not line.isascii() or line.endswith("?") or COLUMNS.search(line) or LABEL.match(line)
        for line in lines
    )
    if is_odd or not all(FIRST.match(line.split()[0]) for line in lines):
        return False
    return any(LIKELY.search(line) or line.split()[0] in PROGRAMS.split() for line in lines)
