"""Completion for a shell: the words of all commands, and the ids of criteria, as they are now."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from pytest_rollback.cli.explain import every
from pytest_rollback.run.command_line.arguments import Parser
from pytest_rollback.text.doors import VERBS

ABOUT = "Print a script that completes the commands of rollback in a shell."
STORY = """
examples:
  source <({me} bash)      in ~/.bashrc
  source <({me} zsh)       in ~/.zshrc, after compinit

exit codes: 0 printed; 4 usage
"""
SANDBOX = ("up", "status", "deploy", "break", "reset", "down")
OPTIONS = ("--target", "--help")
"""What nearly every command takes."""

BASH = """_rollback() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" first="${{COMP_WORDS[1]}}" words="{options}"
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="{first}"
  elif [ "$COMP_CWORD" -eq 2 ]; then
    case "$first" in
{cases}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -F _rollback rollback
"""
ZSH = "autoload -U +X bashcompinit && bashcompinit\n"
"""zsh reads completions of bash."""


def seconds(names: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Return which words can follow the first one, where these are known."""
    found: dict[str, list[str]] = {}
    for first, _, second in (name.partition(" ") for name in names):
        found.setdefault(first, []).extend([second] if second else [])
    more = {"sandbox": SANDBOX, "checklist": VERBS, "completion": ("bash", "zsh")}
    return {**found, **{name: more[name] for name in more if name in found}, "explain": [*every()]}


def script(names: Sequence[str]) -> str:
    """Return the script for bash."""
    words = seconds(names)
    cases = [f'      {name}) words="{" ".join(each)}" ;;' for name, each in words.items() if each]
    first = " ".join([*words, "--help"])
    return BASH.format(options=" ".join(OPTIONS), first=first, cases="\n".join(cases))


def main(arguments: Sequence[str], program: str) -> int:
    """Print the script; return the exit code."""
    from pytest_rollback.cli.main import commands  # noqa: PLC0415 - it names this module

    made = Parser(
        prog=program,
        description=ABOUT,
        epilog=STORY.format(me=program),
    )
    made.add_argument("shell", choices=["bash", "zsh"], help="which shell")
    shell = made.parse_args(arguments).shell
    sys.stdout.write((ZSH if shell == "zsh" else "") + script([*commands()]))
    return 0
