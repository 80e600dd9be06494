"""scripts/create_backups.py as a deploy calls it: a command, a real tree, a real record."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests.contract.daemon import Sshd

REPOSITORY = Path(__file__).parents[2]
SCRIPT = REPOSITORY / "scripts/create_backups.py"
FILES = ("app.py", "lib/tax.py", "config/.env")
RELEASES = ("--previous", "1.0", "--current", "1.1@abcdef0")
NOBODY = 65534
WRITE = "import os, sys; os.setgid(65534); os.setuid(65534); open(sys.argv[1], 'a')"


class Site:
    """A system that is about to be changed by a deploy, in a directory that everybody may enter."""

    def __init__(self, home: Path) -> None:
        self.home, self.root, self.state = home, home / "srv", home / "state"
        self.manifest = home / "rollback.toml"
        self.document: dict[str, Any] = {
            "system": {"name": "shop", "root": str(self.root), "state": str(self.state)},
            "target": {"name": "corner", "connection": "local://"},
            "components": [{"name": "web", "unit": "shop-web", "health": "web"}],
            "probes": {"web": {"command": ["true"]}},
        }
        for name in FILES:
            self.write(name, f"# 1.0 {name}\n")
        self.describe()

    def describe(self, **more: dict[str, str]) -> None:
        """Write rollback.toml; with other tables, or keys in them."""
        tables = {name: {**self.document.get(name, {}), **keys} for name, keys in more.items()}
        self.manifest.write_text(tomli_w.dumps({**self.document, **tables}))

    def write(self, name: str, text: str) -> Path:
        """Write a live file."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def git(self, *words: str) -> str:
        """Run git at the root."""
        who = ("-c", "user.name=deploy", "-c", "user.email=deploy@localhost")
        command = ["git", "-C", str(self.root), *who, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, tag: str) -> str:
        """Commit what is there, and tag it."""
        self.git("add", "-A", ".")
        self.git("commit", "-q", "-m", tag)
        self.git("tag", tag)
        return self.git("rev-parse", "HEAD")

    def run(self, *words: str | bytes, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Call the script; whatever happens, it never shows a traceback and fits 80 columns."""
        command = [sys.executable, SCRIPT, f"--rollback-target={self.manifest}", *words]
        done = subprocess.run(command, input=given, capture_output=True, check=False, cwd=self.home)
        assert b"Traceback" not in done.stderr + done.stdout, done.stderr
        assert done.returncode == 0 or b"\nHINT: " in done.stderr, done.stderr
        return done

    def saved(self, *words: str | bytes, given: bytes = b"") -> str:
        """Call the script for the usual releases, and return what it said of its success."""
        done = self.run(*RELEASES, *words, given=given)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    def refused(self, *words: str | bytes, code: int = 1) -> str:
        """Call the script, see that it changed nothing, and return why."""
        before = self.everything()
        done = self.run(*words)
        assert (done.returncode, done.stdout) == (code, b""), done.stdout
        assert self.everything() == before
        return done.stderr.decode()

    def everything(self) -> dict[str, tuple[int, int, bytes]]:
        """Return every file below the home with what a write would change."""
        found = (
            path for path in self.home.rglob("*") if path.is_file() and ".git" not in path.parts
        )
        return {
            str(path): (path.stat().st_mtime_ns, path.stat().st_ino, path.read_bytes())
            for path in found
        }

    @property
    def record(self) -> dict[str, Any]:
        """Return the record of the backup set."""
        found: dict[str, Any] = json.loads((self.state / "backups.json").read_text())
        return found

    @property
    def paths(self) -> list[str]:
        """Return the recorded files."""
        return sorted(each["path"] for each in self.record["files"])


@pytest.fixture
def site() -> Iterator[Site]:
    """A system on this machine."""
    with tempfile.TemporaryDirectory(prefix="site-") as home:
        Path(home).chmod(0o755)
        yield Site(Path(home))


def test_copies_and_the_record_are_there(site: Site) -> None:
    """What is named is saved, what is added is recorded, and a few lines say so."""
    said = site.saved(*FILES, "--added", "lib/new.py")

    assert (site.root / "config/.env.backup").read_text() == "# 1.0 config/.env\n"
    assert site.paths == sorted(FILES)
    assert site.record["added"] == ["lib/new.py"]
    assert site.record["current"] == {"name": "1.1", "commit": "abcdef0"}
    assert "3: 3 copied now, 0 before" in said
    assert str(site.state / "backups.json") in said
    assert all(len(line) <= 80 or "/" in line or "sha256" in line for line in said.splitlines())


def test_the_same_call_again_changes_nothing(site: Site) -> None:
    """Also when the deploy has begun: the copies stand, and what changed is named."""
    site.saved(*FILES)
    site.write("app.py", "# 1.1\n")
    before = site.everything()
    said = site.saved(*FILES)

    assert site.everything() == before
    assert "saved already: 3 files" in said
    assert "app.py" in said


def test_another_release_is_refused_without_replace(site: Site) -> None:
    """The set in the way is named; with --replace it goes, and the answer says which it was."""
    site.saved(*FILES)
    site.write("app.py", "# 1.1\n")
    next_ = ("--previous", "1.1", "--current", "1.2", "app.py")
    why = site.refused(*next_)
    done = site.run(*next_, "--replace")

    assert "from 1.1 back to 1.0" in why
    assert "--replace" in why
    assert done.returncode == 0
    assert b"replaced the set from 1.1 back to 1.0" in done.stdout
    assert site.paths == ["app.py"]
    assert not (site.root / "lib/tax.py.backup").exists()


def test_a_rehearsal_changes_nothing(site: Site) -> None:
    """--dry-run says what would be saved, and refuses what would be refused."""
    before = site.everything()
    said = site.saved("--dry-run", *FILES)

    assert "would save" in said
    assert "3: 3 copied now" in said
    assert site.everything() == before
    assert "does not exist" in site.refused(*RELEASES, "--dry-run", "nowhere.py")


@pytest.mark.parametrize(
    "name",
    [b"two\nlines.py", b"--replace", b"-n", b"\xff\xfe.py", b"a b'\"$(x).py", b"%s.py", b"@x"],
)
def test_a_name_is_bytes(site: Site, name: bytes) -> None:
    """Newline, leading dash, no UTF-8, quotes: as an argument after --, and from a file by NUL."""
    live = os.fsencode(site.root) + b"/" + name
    with open(live, "wb") as file:  # noqa: PTH123 - pathlib knows no bytes
        file.write(b"content")
    site.saved("--", name)
    by_nul = site.saved("--files-from=-", given=name + b"\0app.py\0")

    with open(live + b".backup", "rb") as file:  # noqa: PTH123
        assert file.read() == b"content"
    assert len(site.paths) == 2
    assert "1 copied now, 1 before" in by_nul


def test_names_come_from_files_by_line(site: Site) -> None:
    """One a line where there is no NUL; absolute ones and ./ones are the same files."""
    names = f"./app.py\n{site.root}/lib/tax.py\n\nconfig/.env\n".encode()
    (site.home / "added").write_text("lib/new.py\n")
    site.saved("--files-from=-", "--added-from=added", given=names)

    assert site.paths == sorted(FILES)
    assert site.record["added"] == ["lib/new.py"]


def test_a_hundred_thousand_names_travel(site: Site) -> None:
    """Far more than fit into an argument; all of them missing, so nothing is saved."""
    names = b"".join(b"lib/module-%d/tax-%d.py\0" % (n % 77, n * 7919) for n in range(100_000))
    done = site.run(*RELEASES, "--files-from=-", given=names)

    assert done.returncode == 1
    assert b"reasons: 100000" in done.stderr
    told = [line for line in done.stderr.splitlines() if b"asks local://" not in line]
    assert len(told) < 60  # beside a line for each second that it takes


def test_a_release_is_what_lies_between_two_commits(site: Site) -> None:
    """Changed and removed files are saved, added ones recorded, commits by their full ids."""
    site.git("init", "-q", "-b", "main")
    before = site.commit("v1")
    site.write("app.py", "# 1.1\n")
    site.write("lib/new.py", "# 1.1\n")
    (site.root / "lib/tax.py").unlink()
    after = site.commit("v2")
    site.git("checkout", "-q", "v1")
    site.describe(fallback={"git": str(site.root)})
    done = site.run("--from-git", "v1..v2", "--current", "two", "config/.env")

    assert done.returncode == 0, done.stderr
    assert site.paths == ["app.py", "config/.env", "lib/tax.py"]
    assert site.record["added"] == ["lib/new.py"]
    assert site.record["previous"] == {"name": "v1", "commit": before}
    assert site.record["current"] == {"name": "two", "commit": after}


def test_an_empty_directory_that_is_named_may_become_a_file(site: Site) -> None:
    """The repository knows of none: for it the file is new, and who names it is right."""
    site.describe(fallback={"git": str(site.root)})
    (site.root / "spool").mkdir(mode=0o750)
    site.git("init", "-q")
    site.git("add", "app.py")
    site.git("commit", "-qm", "1.0")
    site.git("tag", "v1.0")
    (site.root / "spool").rmdir()
    for path in ("spool", "app.py"):
        site.write(path, "# 1.1\n")
    site.git("add", "spool", "app.py")
    site.git("commit", "-qm", "1.1")
    site.git("tag", "v1.1")
    site.git("checkout", "-q", "v1.0")
    (site.root / "spool").mkdir(mode=0o750)
    said = site.saved("spool/", "--from-git", "v1.0..v1.1")

    assert "2: 2 copied now" in said
    assert {each["path"]: each["kind"] for each in site.record["files"]} == {
        "app.py": "file",
        "spool": "directory",
    }
    assert site.record["added"] == []


def test_paths_of_a_larger_repository_are_taken_below_the_root(site: Site) -> None:
    """A root that is a part of the repository gets its own part of the release."""
    site.git("init", "-q", "-b", "main")
    site.commit("v1")
    site.write("app.py", "# 1.1\n")
    site.write("lib/tax.py", "# 1.1\n")
    site.commit("v2")
    site.git("checkout", "-q", "v1")
    site.describe(fallback={"git": str(site.root)}, system={"root": str(site.root / "lib")})
    done = site.run("--from-git", "v1..v2")

    assert done.returncode == 0, done.stderr
    assert site.paths == ["tax.py"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["app.py"], "--previous is missing"),
        (["--previous", "1.0", "app.py"], "--current is missing"),
        (["--previous", "1@xyz", "--current", "2", "app.py"], "'xyz' after @ is not a commit"),
        (["--wrong"], "unrecognized arguments: --wrong"),
        ([*RELEASES, "--files-from", "nowhere"], "nowhere cannot be read"),
        (["--from-git", "v1"], "'v1' is not a range"),
        (["--from-git", "v1...v2"], "is not a range"),
        (["--from-git", "v1..v2"], "needs a git repository"),
        (
            [*RELEASES, "--rollback-target", "nowhere.toml", "app.py"],
            "and as 'nowhere.toml'",
        ),
    ],
)
def test_wrong_usage_says_what_to_do(site: Site, words: list[str], said: str) -> None:
    """Exit code 4 and a hint; nothing was asked of the host."""
    assert said in site.refused(*words, code=4)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "no changed and no added file is listed"),
        (["nowhere.py", "app.py"], "nowhere.py does not exist"),
        (["../rollback.toml"], "'..' component"),
        (["/etc/passwd"], "is absolute"),
        (["lib"], "is a directory"),
        (["--added", "app.py"], "app.py exists already"),
        (["app.py", "--added", "app.py"], "is listed twice"),
    ],
)
def test_what_the_host_refuses_changes_nothing(site: Site, words: list[str], said: str) -> None:
    """All reasons come at once, with a hint."""
    assert said in site.refused(*RELEASES, *words)


def test_an_unknown_commit_is_refused(site: Site) -> None:
    """It is looked for in the repository on the host."""
    site.git("init", "-q", "-b", "main")
    site.commit("v1")
    site.describe(fallback={"git": str(site.root)})

    assert "v9" in site.refused("--from-git", "v1..v9")


def test_the_service_user_can_neither_read_nor_write_the_record(site: Site) -> None:
    """What backups are compared with is out of the reach of who could have altered them."""
    site.saved(*FILES)
    record = site.state / "backups.json"
    tried = [sys.executable, "-c", WRITE, str(record)]
    done = subprocess.run(tried, capture_output=True, check=False)

    assert stat.S_IMODE(site.state.stat().st_mode) == 0o700
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert done.returncode == 1
    assert b"PermissionError" in done.stderr


def test_a_state_directory_that_others_can_write_is_refused(site: Site) -> None:
    """A record there would prove nothing; the hint has the commands."""
    site.state.mkdir()
    site.state.chmod(0o777)

    assert "can be written by others" in site.refused(*RELEASES, *FILES)


def test_an_unreachable_host_is_one_message(site: Site) -> None:
    """Exit code 7."""
    site.describe(target={"connection": "ssh://host.invalid"})

    assert "cannot be resolved" in site.refused(*RELEASES, *FILES, code=7)


def test_a_host_over_ssh_is_saved_the_same_way(site: Site) -> None:
    """A hundred names and a hostile one travel over one connection."""
    names = [b"two\nlines.py", *(b"lib/%d.py" % number for number in range(100))]
    for name in names:
        site.write(os.fsdecode(name), "content")
    with Sshd(site.home / "sshd") as daemon:
        site.describe(target={"connection": daemon.url})
        said = site.saved("--files-from=-", given=b"\0".join(names) + b"\0")
        logins = (daemon.home / "log").read_text().count("Accepted publickey")

    assert "101 copied now" in said
    assert logins == 1
    assert (site.root / "two\nlines.py.backup").read_text() == "content"


def test_it_finds_its_own_python(site: Site) -> None:
    """A deploy calls it with whatever python3 there is; it goes on with the one that has it all."""
    python = ["/usr/bin/env", "-i", "PATH=/usr/bin:/bin", "python3"]
    done = subprocess.run(
        [*python, str(SCRIPT), f"--rollback-target={site.manifest}", *RELEASES, "app.py"],
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert site.paths == ["app.py"]


def test_a_part_of_a_release_is_saved_on_purpose(site: Site) -> None:
    """The diff is counted and not saved; a reason is needed, and is told again."""
    site.describe(fallback={"git": str(site.root)})
    site.git("init", "-q")
    site.commit("v1")
    for name in FILES:
        site.write(name, f"# 1.1 {name}\n")
    site.commit("v2")
    empty = site.run("--partial", " ", "--from-git", "v1..v2", FILES[0])
    done = site.run("--partial", "state is elsewhere", "--from-git", "v1..v2", FILES[0])
    record = json.loads((site.state / "backups.json").read_text())

    assert (empty.returncode, done.returncode) == (4, 0)
    assert b"  partial  state is elsewhere" in done.stdout
    assert [each["path"] for each in record["files"]] == [FILES[0]]
    assert (record["partial"], record["whole"]) == ("state is elsewhere", len(FILES))
