"""Completion in a real bash: commands, words behind them, ids of criteria, files."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from pytest_rollback.cli import main

ASK = """
{script}
COMP_WORDS=({words}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
[ {empty} = 1 ] && COMP_WORDS+=("") && COMP_CWORD=$((COMP_CWORD + 1))
_rollback
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what is printed for a shell."""
    assert main.main(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("rollback re", {"ready", "rehearse", "report"}),
        ("rollback report ", {"open", "list", "verify", "rebuild", "postmortem"}),
        ("rollback sandbox b", {"break"}),
        ("rollback explain readiness.backups.int", {"readiness.backups.intact"}),
        ("rollback ready --ta", {"--target"}),
        ("rollback completion ", {"bash", "zsh"}),
    ],
)
def test_bash_completes(typed: str, wanted: set[str], capsys: pytest.CaptureFixture[str]) -> None:
    """As it would for somebody who presses Tab."""
    empty = "1" if typed.endswith(" ") else "0"
    text = ASK.format(script=script("bash", capsys), words=typed, empty=empty)
    done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=False)

    assert (done.stderr, set(done.stdout.split())) == ("", wanted)


def test_zsh_reads_it(capsys: pytest.CaptureFixture[str]) -> None:
    """By what it has for completions of bash; where there is no zsh, bash reads the rest."""
    text = script("zsh", capsys)
    first, _, rest = text.partition("\n")

    assert first == "autoload -U +X bashcompinit && bashcompinit"
    shell, read = ("zsh", text) if shutil.which("zsh") else ("bash", rest)
    assert subprocess.run([shell, "-n", "-c", read], check=False).returncode == 0
