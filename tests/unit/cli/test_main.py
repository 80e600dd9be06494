"""The command line: every command can be called by its name, and each script is one of them."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from pytest_rollback.cli import main
from pytest_rollback.cli.main import CORE, Command, commands
from pytest_rollback.text.doors import rollback

REPOSITORY = Path(__file__).parents[3]
SCRIPTS = sorted(
    path
    for folder in ("scripts", "scripts/dev")
    for path in (REPOSITORY / folder).iterdir()
    if path.is_file() and "entry.run(" in path.read_text() and path.name != "entry.py"
)
NAMES = [path.relative_to(REPOSITORY / "scripts").as_posix() for path in SCRIPTS]


def named(script: Path) -> str:
    """Return the command that a script calls."""
    for node in ast.walk(ast.parse(script.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "entry.run":
            return str(ast.literal_eval(node.args[0]))
    raise AssertionError(script)


@pytest.mark.parametrize("name", commands())
def test_help_of_each_command(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It begins with how the command is typed, and fits a screen, with two examples."""
    with pytest.raises(SystemExit) as ended:
        main.main([*name.split(), "--help"])
    said = capsys.readouterr().out

    assert ended.value.code in {0, None}
    assert said.startswith(f"usage: {rollback(*name.split())} ")


@pytest.mark.parametrize("script", SCRIPTS, ids=NAMES)
def test_a_script_only_names_its_command(script: Path) -> None:
    """The work is done in the package."""
    assert named(script) in {*commands(), ""}
    assert len(script.read_text().splitlines()) < 30
    assert os.access(script, os.X_OK)


def test_a_command_of_a_part_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """A script stays behind where its part was deleted: one message, exit code 4."""
    assert main.ended(main.loaded("no such"), [], "scripts/no_such") == 4
    assert "'no such' belongs to a part" in capsys.readouterr().err


def test_scripts_are_those_of_the_procedure_and_of_maintainers() -> None:
    """And those that were there before `rollback` had words: whoever calls them goes on to."""
    procedure = {"save", "ready", "plan", "imports", "probes", "probe"}
    before = {"checklist", "sandbox", "report list", "report postmortem"}
    rebuilds = {"report verify", "report rebuild"}
    called = {"", "schema", "machine", "story", *procedure, *before}
    assert {named(script) for script in SCRIPTS} in ({*called, each} for each in rebuilds)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ([], ["now"]),
        (["--incident=1"], ["now", "--incident=1"]),
        (["--undo", "r1", "--arm=a"], ["undo", "r1", "--arm=a"]),
        (["--arm=a", "--undo=r1"], ["undo", "--arm=a", "r1"]),
        (["status", "r1"], ["status", "r1"]),
    ],
)
def test_the_oldest_script_means_what_it_meant(typed: list[str], meant: list[str]) -> None:
    """`scripts/rollback` rolls back, and undoes with an option."""
    shown = "import entry, sys; print(entry.rolling_back(sys.argv[1:]))"
    command = [sys.executable, "-c", shown, *typed]
    done = subprocess.run(
        command, cwd=REPOSITORY / "scripts", capture_output=True, text=True, check=True
    )

    assert ast.literal_eval(done.stdout) == meant


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        (["bakcups", "save"], "'bakcups'"),
        (["--no"], "unrecognized"),
        (["report"], "is missing"),
        (["report", "opne"], "'opne'"),
    ],
)
def test_what_is_no_command(typed: list[str], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 4, one sentence, and where the commands are listed."""
    code = main.main(typed)
    said = capsys.readouterr().err

    assert code == 4
    assert why in said
    assert said.endswith("rollback --help\n")


def test_the_list_of_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """Each of them with what it does."""
    with pytest.raises(SystemExit):
        main.main(["--help"])
    said = capsys.readouterr().out

    assert all(f"  {name:18} {each.about}\n" in said for name, each in commands().items())


def test_arguments_are_handed_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the command's name they are what a report says to resume it by."""
    monkeypatch.setattr("pytest_rollback.cli.target.TargetCommand.__init__", refuse)

    assert main.main(["undo", "RUN", f"--rollback-target={tmp_path}"]) == 1
    assert "rollback undo RUN --rollback-target=" in capsys.readouterr().err


def refuse(*words: object) -> None:
    """Stop a rollback before it does anything, and say by which command it was called."""
    raise OSError(1, "stopped", words[-1])


def test_a_package_that_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its name, and what installs it."""
    missing = Command("cli.report.runs:list_", "", needs=("no_such_package",))
    monkeypatch.setitem(CORE, "report list", missing)

    assert main.main(["report", "list"]) == 4
    assert capsys.readouterr().err == "no_such_package is not installed\nHINT: make setup\n"


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python in which nothing is installed."""
    place = tmp_path_factory.mktemp("bare_python")
    venv.create(place, with_pip=False)
    return place / "bin/python"


def test_any_python_will_do(bare_python: Path) -> None:
    """A script that is called by a Python without the package goes on in the project's own."""
    command = [bare_python, REPOSITORY / "scripts/create_backups.py", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: scripts/create_backups.py ")


def test_without_the_projects_python(bare_python: Path, tmp_path: Path) -> None:
    """One line says what is missing, and the hint how it is installed."""
    (tmp_path / "scripts").mkdir()
    for name in ("entry.py", "rollback"):
        text = (REPOSITORY / "scripts" / name).read_text()
        (tmp_path / "scripts" / name).write_text(text)
    command = [bare_python, tmp_path / "scripts/rollback"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 4
    assert done.stderr == "pytest_rollback is not installed\nHINT: make setup\n"


def test_the_list_of_commands_imports_no_command() -> None:
    """It comes at once: neither pydantic nor a module of a command is loaded for it."""
    code = (
        "import sys\nfrom pytest_rollback.cli import main\n"
        "try: main.main(['--help'])\n"
        "except SystemExit: print([m for m in sys.modules if m.startswith('pydantic')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.endswith("\n[]\n")


def test_help_imports_neither_pytest_nor_a_connection() -> None:
    """What only a run needs is imported when the run begins: help comes at once."""
    code = (
        "import sys\nfrom pytest_rollback.cli import main\n"
        "try: main.main(['save', '--help'])\n"
        "except SystemExit: print(sorted({'pytest', 'testinfra', 'httpx'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.endswith("\n[]\n")


def test_status_imports_little_before_it_asks() -> None:
    """Somebody waits for it: neither pages nor suites, nor what only a changed host needs."""
    code = (
        "import sys\nfrom pytest_rollback.cli import main\nmain.loaded('status')\n"
        "late = ['jinja2', 'pytest', 'testinfra', 'httpx', 'pytest_rollback.evidence.events',"
        " 'pytest_rollback.manifest.editors.json_schema', 'pytest_rollback.recovery.gate']\n"
        "print([each for each in late if each in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.endswith("[]\n")


@pytest.mark.parametrize("name", commands())
def test_help_fits_a_screen(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most forty lines of eighty columns, with two examples or more."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    with pytest.raises(SystemExit):
        main.main([*name.split(), "--help"])
    lines = capsys.readouterr().out.splitlines()

    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith(" ") and f"rollback {name}" in line for line in lines) >= 2
