"""Configuration as a rollback would leave it: faults are told by line, never by value."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.backup import fallbacks
from pytest_rollback.agent.configuration import check, formats
from pytest_rollback.agent.configuration.units import check as unit_check
from pytest_rollback.agent.configuration.units import verify
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.configuration import ConfigurationRequest
from pytest_rollback.agent.messages.requirements import (
    DefaultsFallback,
    FallbackRequest,
    Fallbacks,
    RepositoryFallback,
)
from pytest_rollback.agent.services.registry import MANAGERS
from tests.unit.support.deployed import Deploy

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "hunter2hunter2"  # noqa: S105 - it must not be seen again
UNIT = "[Unit]\nDescription=x\n[Service]\nExecStart=/bin/true\n"


@pytest.fixture
def deploy(tmp_path: Path) -> Deploy:
    """A release that is about to be changed."""
    return Deploy(tmp_path)


def told(place: Path, name: str, content: str | bytes) -> str | None:
    """Return what is wrong with a file of this name and content."""
    path = place / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return formats.problem(str(path), ".backup")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (".env", '# c\nexport A=1\nB=\'x\ny\'\nC="a \\" b" # c\nD=\n'),
        (".env.backup", "A=1\n"),
        ("prod.env", "A=b=c\n"),
        ("a.json", '{"a": [1]}'),
        ("a.json.backup", "[]"),
        ("a.toml", "[a]\nb = 1\n"),
        ("a.ini", "[a]\nb = %x\n"),
        ("a.cfg", "[a]\nb = 1\n  goes on\n"),
        ("a.service", UNIT),
        ("a.timer", "[Timer]\nOnCalendar=daily\n"),
        ("notes.txt", "anything: {"),
    ],
)
def test_what_can_be_read_is_fine(tmp_path: Path, name: str, content: str) -> None:
    """Each kind is known by its name, with or without the suffix of a copy."""
    assert told(tmp_path, name, content) is None


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (".env", f"A=1\n{SECRET}\n", "line 2: is not KEY=VALUE"),
        (".env", f"A=1\nKEY='{SECRET}\n", "line 2: KEY: quotes are not closed"),
        (".env", f'KEY="a" {SECRET}\n', "line 1: KEY: text after the closing quote"),
        ("a.json", '{"a":\n "' + SECRET + "}", "line 2: Unterminated string"),
        ("a.json", f'{{"a": 1}}\n{SECRET}', "line 2: Extra data"),
        ("a.toml", f"[a]\nb = {SECRET}\n", "line 2: is not valid TOML"),
        ("a.ini", f"{SECRET}\n[a]\n", "line 1: comes before any section"),
        ("a.ini", f"[a]\n{SECRET}=1\n{SECRET}=2\n", "line 3: is set twice"),
        ("a.ini", f"[a]\n= {SECRET}\n", "line 2: cannot be read"),
        ("a.service", f"[Unit\n{SECRET}\n", "line 1: its section header is not closed"),
        ("a.service", "[Unit]\nA=1\n", "has no [Service]"),
        ("a.service", "[Service]\nType=simple\n", "[Service] has no ExecStart"),
        ("a.json", b'{\n"a": "\xff"}', "line 2: is not UTF-8"),
        ("a.json", " \n", "is empty"),
        ("notes.txt", "", "is empty"),
    ],
)
def test_what_cannot_be_read_is_told_by_line(
    tmp_path: Path, name: str, content: str | bytes, words: str
) -> None:
    """The line and the kind of the fault, and nothing of what is written there."""
    said = told(tmp_path, name, content)

    assert said is not None
    assert said.startswith(words)
    assert SECRET not in said


def test_yaml_is_read_where_the_host_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host's PyYAML is used in a process of its own; without one nothing is claimed."""
    without = f"import sys; sys.modules['yaml'] = None\n{formats.YAML}"
    with monkeypatch.context() as bare:
        bare.setattr(formats, "YAML", without)
        assert str(told(tmp_path, "a.yaml", "a: 1\n")).startswith(formats.UNCHECKED)

    (tmp_path / "yaml.py").write_text(
        "class YAMLError(Exception):\n    pass\n"
        "def safe_load_all(text):\n    if '{' in text: raise YAMLError\n    return []\n"
    )
    monkeypatch.setattr(
        formats,
        "YAML",
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{formats.YAML}",
    )
    assert told(tmp_path, "a.yaml", "a: 1\n") is None
    assert told(tmp_path, "a.yml", f"a: {{{SECRET}\n") == "is not valid YAML"


def test_a_supervisor_section_needs_the_unit_it_is_for() -> None:
    """A file for `shop` that starts something else starts nothing."""

    def said(text: str, unit: str = "") -> str:
        return unit_check.faults("a.conf", text, unit, "supervisord").problem

    section = "[program:shop]\ncommand=/bin/true\n"
    assert [said(section, "shop"), said(section), said(section, "shop:shop_1")] == ["", "", ""]
    assert said(section, "till") == "has no [program:till]"
    assert said("[program:a]\n") == "[program:a] has no command"
    assert said(f"{SECRET}\n") == "line 1: comes before any section"
    assert said("[shop]\nx=1\n") == "has no [program:x]"
    assert said("[program:a]\ncommand=x\nenvironment=A\n") == (
        "[program:a] environment: is no list of KEY=value"
    )


def test_an_included_file_may_hold_what_all_programs_have() -> None:
    """The environment of [supervisord], or a group: no program is missed in it."""

    def said(text: str, unit: str = "") -> str:
        return unit_check.faults("common.conf", text, unit, "supervisord").problem

    common = '[supervisord]\nenvironment=KIND="shop",PLACE="%(here)s/%(ENV_HOME)s"\n'
    group = "[group:shop]\nprograms=web,till\n"
    assert [said(common), said(group), said(group, "shop:web")] == ["", "", ""]
    assert said("[supervisord]\nenvironment=KIND\n") == (
        "[supervisord] environment: is no list of KEY=value"
    )
    assert said(common, "web") == "has no [program:web]"


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("indented.service", "[Unit]\n  Description=x\n[Service]\n  ExecStart=/bin/sleep 1\n", ""),
        ("comment.service", "[Service]\nExecStart=/bin/echo \\\n# heap\na \\\n; more\nb\n", ""),
        ("shop.target", "[Unit]\nDescription=all\nWants=basic.target\n", ""),
        ("shop.slice", "[Slice]\nMemoryMax=1G\n", ""),
        ("stop.service", "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStop=/bin/true\n", ""),
        ("README.md", "How to install these units\n", ""),
        ("warned.service", "[Service]\nExecStart=/bin/sleep 1\nnonsense\n", ""),
        (
            "emptied.service",
            "[Service]\nExecStart=/bin/sleep 1\nExecStart=\n",
            "[Service] has no ExecStart",
        ),
        (
            "open.service",
            "[Service]\nExecStart=/bin/sleep '1\n",
            "line 2: ExecStart: quotes are not closed",
        ),
    ],
)
def test_a_unit_file_is_read_as_systemd_reads_it(
    tmp_path: Path, name: str, text: str, problem: str
) -> None:
    """What systemd takes is fine; what it refuses, here and by its own program, is told."""
    assert unit_check.faults(name, text, "", "systemd").problem == problem
    if shutil.which("systemd-analyze") and not name.endswith(".md"):
        path = tmp_path / name
        path.write_text(text)
        said = verify.analysed("systemd-analyze", {name: path.read_bytes()})
        assert bool(said) == bool(problem), said


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_a_warning_of_systemd_is_no_problem() -> None:
    """Lines that it ignores stop nobody; a template's missing program does."""
    sleep = "[Service]\nExecStart=/bin/sleep 1\n"
    fine = {
        "limit.service": f"{sleep}StartLimitIntervalSec=0\n",
        "memory.service": f"{sleep}MemoryLimit=1G\n",
        "newer.service": f"{sleep}RestartSteps=3\n",
    }
    broken = {
        "web.service": "[Service]\nExecStart=/nonexistent/x\n",
        "web@.service": "[Service]\nExecStart=/nonexistent/x %i\n",
    }
    contents = {name: text.encode() for name, text in {**fine, **broken}.items()}
    found = verify.analysed("systemd-analyze", contents)

    assert set(found) == set(broken)
    assert all("is not executable" in words for words in found.values())
    assert verify.analysed("systemd-analyze", contents, ["/nonexistent"]) == {}


def look(
    deploy: Deploy, *files: str, verifier: str = "", manager: str = ""
) -> dict[str, str | None]:
    """Ask as readiness does."""
    return check.look(
        ConfigurationRequest(deploy.location, files, "units", verifier, ("a",), manager)
    ).faults


def test_saved_copies_are_read_not_live_files(deploy: Deploy) -> None:
    """A live file that is broken does not matter when its copy can be read, and the reverse."""
    deploy.put("config/db.json", "{}")
    deploy.put("units/a.conf", "[program:a]\ncommand=x\n")
    files = ["config/.env", "config/db.json", "units/a.conf"]
    deploy.save(files=files)
    for path in files:
        deploy.put(path, "broken")
    assert look(deploy, *files[:2]) == dict.fromkeys(files)

    deploy.copy("units/a.conf").write_text("[program:b]\ncommand=x\n")
    deploy.copy("config/db.json").unlink()
    assert look(deploy, *files[:2]) == {
        "config/.env": None,
        "config/db.json": "No such file or directory",
        "units/a.conf": "has no [program:a]",
    }


def test_what_was_rolled_back_already_is_read_where_it_is(deploy: Deploy) -> None:
    """Its backup was put away when the run was closed; a file that differs is not back."""
    deploy.save(files=["config/.env"])
    deploy.copy("config/.env").unlink()
    assert look(deploy, "config/.env") == {"config/.env": None}

    deploy.put("config/.env", "A=1\n")
    assert look(deploy, "config/.env") == {"config/.env": "No such file or directory"}


def test_what_a_rollback_leaves_alone_is_read_as_it_is(deploy: Deploy) -> None:
    """A configuration file that the deploy did not change has no copy, and still counts."""
    deploy.save(files=["core/mesh/mesh.py"])

    assert look(deploy, "config/.env") == {"config/.env": None}
    deploy.put("config/.env", "broken")
    assert look(deploy, "config/.env") == {"config/.env": "line 1: is not KEY=VALUE"}


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_itself_is_asked(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only systemd sees is told without what it quotes; it is asked where it runs."""
    bad = f"[Service]\nExecStart=/{SECRET}/x\n"
    for name, content in (("a.service", UNIT), ("b.service", bad)):
        deploy.put(f"units/{name}", content)
    deploy.save(files=["units/a.service", "units/b.service"])
    monkeypatch.setattr(verify, "RUNNING", "/no/such/place")
    assert set(look(deploy, verifier="systemd-analyze").values()) == {None}

    monkeypatch.setattr(verify, "RUNNING", str(deploy.root))
    found = look(deploy, verifier="systemd-analyze")
    assert found["units/a.service"] is None
    assert str(found["units/b.service"]).endswith("is not executable: No such file or directory")


def test_the_program_of_another_manager_is_asked(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Which one it is says the line of the manager in the registry, and no name of a manager."""
    tool = tmp_path / "other-analyze"
    said = "a.service:1: Odd: x\\nUnit a.service has a bad unit file setting.\\n"
    tool.write_text(f"#!/bin/sh\nprintf '{said}' >&2\nexit 1\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(verify, "RUNNING", str(deploy.root))
    deploy.put("units/a.service", UNIT)
    deploy.save(files=["units/a.service"])

    assert look(deploy, verifier=tool.name) == {"units/a.service": "line 1: Odd"}
    assert look(deploy) == {"units/a.service": None}
    assert MANAGERS["systemd"].verifier == "systemd-analyze"
    assert not MANAGERS["supervisord"].verifier


def held(deploy: Deploy, git: str | None = None, defaults: str | None = None) -> Fallbacks:
    """Ask for fallbacks."""
    files = ("config/.env", "config/db.json")
    return fallbacks.look(FallbackRequest(deploy.location, files, git, defaults))


def test_a_default_is_there_for_each_file_and_can_be_read(deploy: Deploy) -> None:
    """By its name below the directory; one that is broken is as bad as none."""
    deploy.put("config/defaults/.env", "A=1\n")
    lacking = {"config/db.json": "No such file or directory"}
    assert held(deploy, defaults="config/defaults").defaults == DefaultsFallback(2, lacking)

    deploy.put("config/defaults/db.json", "{")
    found = held(deploy, defaults="config/defaults").defaults
    assert found
    assert found.lacking["config/db.json"].startswith("line 1:")
    deploy.put("config/defaults/db.json", "{}")
    assert held(deploy, defaults="config/defaults").defaults == DefaultsFallback(2, {})


def test_nothing_is_asked_that_is_not_described(deploy: Deploy) -> None:
    """No repository, no defaults: there is nothing to say, and no record is needed."""
    assert held(deploy) == Fallbacks(None, None)


def test_a_repository_without_a_recorded_commit_says_so(deploy: Deploy) -> None:
    """Configuration has its own fallback; the other files need a commit."""
    deploy.save()

    assert held(deploy, git=str(deploy.root)).git == RepositoryFallback(None, 2, {})
    os.rename(deploy.state, deploy.place / "elsewhere")  # noqa: PTH104 - a directory as a whole
    with pytest.raises(HostError):
        held(deploy, git=str(deploy.root))
