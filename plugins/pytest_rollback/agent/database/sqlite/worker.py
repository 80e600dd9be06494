"""Runs in a fresh process, as the account that owns the database: the only one that opens it.

It is sent as text and imports nothing of ours. Its first argument is a request in JSON, what it is
to read is its standard input, and its answer is one line of JSON on its standard output.
"""

from __future__ import annotations

import contextlib
import ctypes
import gzip
import io
import json
import os
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import zlib
from typing import Any, BinaryIO, Callable, Dict, Iterator, List, Tuple

BLOCK = 1 << 20
RESERVE = 256 << 20
"""Bytes that stay free beside what is written."""

PREFIX = "rollback-sqlite-"
STALE = 86400.0
"""Seconds after which a directory is what a dead process left: nothing is tried for a day."""

HEADER, WAL, SMALLEST = b"SQLite format 3\0", 2, 512
ATTACH, DETACH, PRAGMA, FUNCTION = 24, 25, 19, 31
PRAGMAS = {
    *("foreign_keys", "writable_schema", "user_version", "application_id", "encoding", "page_size"),
    *("auto_vacuum", "legacy_file_format", "legacy_alter_table", "defer_foreign_keys"),
}
"""What a dump of SQL may set; others could write elsewhere."""

BUSY = 2000
"""Milliseconds that a lock of a live database is waited for."""

COUNTING, STEPS = 0.5, 10000
"""Seconds that a table of a live database may be counted, where that keeps writers waiting."""


class Unfit(Exception):
    """Why a dump, or a database, is not good enough."""


def main() -> None:
    """Answer the request, whatever happens."""
    request = json.loads(sys.argv[1])
    with contextlib.suppress(OSError, AttributeError):  # whoever asked is gone: so are we
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    os.umask(0o077)
    try:
        answer: Dict[str, Any] = {"value": VERBS[request["verb"]](request)}
    except Unfit as problem:
        answer = {"unfit": str(problem)}
    except (sqlite3.Error, sqlite3.Warning) as problem:
        answer = {"unfit": f"SQLite says: {problem}"}
    except OSError as problem:
        where = f": {problem.filename}" if problem.filename else ""
        answer = {"failed": f"{problem.strerror or problem}{where}"}
    sys.stdout.write(json.dumps(answer) + "\n")


def opened(path: str, mode: str) -> sqlite3.Connection:
    """Return a connection to a database, which trusts nothing that the database brings along."""
    name = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    found = sqlite3.connect(f"file:{name}?mode={mode}", uri=True, isolation_level=None)
    found.text_factory = lambda raw: raw.decode("utf-8", "replace")
    found.execute(f"PRAGMA busy_timeout = {BUSY}")
    found.execute("PRAGMA trusted_schema = OFF")
    return found


def tried(request: Dict[str, Any]) -> Dict[str, Any]:
    """Read a dump to its end, in a database that is ours alone and gone afterwards."""
    sweep(request["scratch"])
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=request["scratch"]) as place:
        return built({**request, "path": os.path.join(place, "database")})


def sweep(scratch: str) -> None:
    """Remove what was left of processes of this account that were killed."""
    with os.scandir(scratch) as found:
        for entry in found:
            if entry.name.startswith(PREFIX) and entry.is_dir(follow_symlinks=False):
                state = entry.stat(follow_symlinks=False)
                if state.st_uid == os.geteuid() and time.time() - state.st_mtime > STALE:
                    shutil.rmtree(entry.path, ignore_errors=True)


def built(request: Dict[str, Any]) -> Dict[str, Any]:
    """Make a database at a new path of the dump that is our input; return what it holds."""
    path, kind, began = request["path"], request["kind"], time.monotonic()
    given: Any = sys.stdin.buffer
    if kind.endswith("gzip"):
        given = gzip.GzipFile(fileobj=given)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        (filled if kind.startswith("plain") else poured)(given, path)
    except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
        raise Unfit(f"cannot be read completely: {problem}") from problem
    with contextlib.closing(opened(path, "rw")) as database:
        checked(database)
        facts = told(database, path)
        asked = [answered(database, each) for each in request.get("queries", ())]
        database.execute(f"PRAGMA journal_mode = {'WAL' if request.get('wal') else 'DELETE'}")
    dressed(path, request)
    return {**facts, "asked": asked, "seconds": time.monotonic() - began}


def poured(given: BinaryIO, path: str) -> None:
    """Copy a database file."""
    with open(path, "wb") as file:
        for block in iter(lambda: given.read(BLOCK), b""):
            state = os.statvfs(path)
            if state.f_bavail * state.f_frsize < RESERVE:
                raise OSError(28, f"fewer than {RESERVE:,} bytes are free", path)
            file.write(block)
    if os.path.getsize(path) < SMALLEST:
        raise Unfit("is cut off: it is shorter than the header of a database")


def filled(given: BinaryIO, path: str) -> None:
    """Run a dump of SQL, statement by statement, where it can reach no other database."""
    pending, last = "", ""
    refused: List[str] = []
    with contextlib.closing(opened(path, "rw")) as database:
        database.execute("PRAGMA foreign_keys = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.set_authorizer(authorizer(refused))
        try:
            for line in io.TextIOWrapper(given, "utf-8", newline=""):
                pending += line
                if line.rstrip().endswith(";") and sqlite3.complete_statement(pending):
                    database.execute(pending)
                    pending, last = "", pending
        except UnicodeDecodeError as problem:
            raise Unfit("is not valid UTF-8") from problem
        except (sqlite3.Error, ValueError) as problem:
            if refused:
                raise Unfit(f"would change more than its own database: {refused[0]}") from problem
            raise Unfit(f"cannot be restored: {problem}") from problem
        if (pending.strip() or last.strip()).upper().startswith("ROLLBACK"):
            raise Unfit("says itself that it met errors: it ends with ROLLBACK")
        if pending.strip() or database.in_transaction or last.strip().upper()[:6] != "COMMIT":
            raise Unfit("is cut off: it does not end with COMMIT")


def authorizer(refused: List[str]) -> Callable[..., int]:
    """Return what lets SQLite do nothing but fill the one database; refusals are noted."""

    def may(action: int, one: object, other: object, *_: object) -> int:
        name = str(other if action == FUNCTION else one).lower()
        wrong = action in (ATTACH, DETACH) and "ATTACH"
        wrong = wrong or (action == PRAGMA and name not in PRAGMAS and f"PRAGMA {name}")
        wrong = wrong or (action == FUNCTION and name == "load_extension" and name)
        if wrong:
            refused.append(wrong)
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK

    return may


def checked(database: sqlite3.Connection) -> None:
    """Have SQLite look at all of a database."""
    database.execute("PRAGMA cell_size_check = ON")
    said = [str(row[0]) for row in database.execute("PRAGMA integrity_check(3)")]
    if said != ["ok"]:
        raise Unfit(f"is damaged, by PRAGMA integrity_check: {'; '.join(said)[:300]}")
    rows = list(database.execute("PRAGMA foreign_key_check"))
    if rows:
        raise Unfit(
            f"has {len(rows)} rows that refer to rows which are not there, by PRAGMA "
            f"foreign_key_check; the first are of {rows[0][0]}"
        )


def told(database: sqlite3.Connection, path: str, *, brief: bool = False) -> Dict[str, Any]:
    """Return what a database holds; with `brief` a table is not counted for long."""
    rows = database.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    own = [row for row in rows if not str(row[1]).startswith("sqlite_")]
    plain = [row for row in own if row[0] == "table" and "VIRTUAL" not in str(row[3]).upper()[:20]]
    guesses = estimates(database, rows)
    numbers = ("user_version", "application_id", "page_size", "page_count")
    found = {name: database.execute(f"PRAGMA {name}").fetchone()[0] for name in numbers}
    tables = {row[1]: counted(database, row[1], guesses, brief=brief) for row in plain}
    state = os.stat(path)
    return {
        **found,
        "version": sqlite3.sqlite_version,
        "tables": tables,
        "objects": [[row[0], row[1], row[2], " ".join(str(row[3]).split())] for row in own],
        "columns": sorted(columns(database, [row[1] for row in plain])),
        "size": state.st_size,
        "writable": os.access(os.path.dirname(path), os.W_OK | os.X_OK),
    }


def columns(database: sqlite3.Connection, tables: List[str]) -> Iterator[str]:
    """Yield each column of some tables, with its type."""
    for table in tables:
        for row in database.execute("SELECT * FROM pragma_table_info(?)", [table]):
            yield f"{table} {row[1]} {row[2]} {row[3]}"


def estimates(database: sqlite3.Connection, rows: List[Any]) -> Dict[str, int]:
    """Return how many rows tables had when somebody last ran ANALYZE."""
    if not any(row[1] == "sqlite_stat1" for row in rows):
        return {}
    asked = "SELECT tbl, stat FROM sqlite_stat1 WHERE stat IS NOT NULL"
    return {str(name): int(str(stat).split()[0]) for name, stat in database.execute(asked)}


def counted(
    database: sqlite3.Connection, table: str, guesses: Dict[str, int], *, brief: bool
) -> Tuple[Any, bool]:
    """Return a table's rows, None where nobody knows, and whether that is an estimate.

    Each is counted in a transaction of its own.
    """
    name, until = '"' + table.replace('"', '""') + '"', time.monotonic() + COUNTING
    database.set_progress_handler((lambda: time.monotonic() > until) if brief else None, STEPS)
    try:
        return database.execute(f"SELECT count(*) FROM {name}").fetchone()[0], False  # noqa: S608
    except sqlite3.OperationalError as problem:
        if "interrupted" not in str(problem):
            raise
        return guesses.get(table), True
    finally:
        database.set_progress_handler(None, 0)


def dressed(path: str, request: Dict[str, Any]) -> None:
    """Give a new file the group and mode of the live one, and make it durable."""
    with open(path, "rb") as file:
        if request.get("mode") is not None:
            if os.fstat(file.fileno()).st_gid != request["gid"]:
                os.fchown(file.fileno(), -1, request["gid"])
            os.fchmod(file.fileno(), request["mode"])
        os.fsync(file.fileno())


def read(request: Dict[str, Any]) -> object:
    """Return what the live database holds; it is only read, and its writers wait for no count."""
    path = request["path"]
    with open(path, "rb") as file:
        head = file.read(20)
    if head[: len(HEADER)] != HEADER:
        raise Unfit("is no SQLite database")
    # in a log that has something no hand is laid; an empty one that we make goes when we close
    logged = os.path.exists(f"{path}-wal") and os.path.getsize(f"{path}-wal")
    with contextlib.closing(opened(path, "ro" if logged or head[18] != WAL else "rw")) as database:
        database.execute("PRAGMA query_only = ON")
        queries = request.get("queries")
        if queries is None:
            return told(database, path, brief=head[18] != WAL)
        until = time.monotonic() + COUNTING * 10
        database.set_progress_handler(lambda: head[18] != WAL and time.monotonic() > until, STEPS)
        return [answered(database, each) for each in queries]


def answered(database: sqlite3.Connection, asked: List[Any]) -> object:
    """Return the rows of one question, all as text; none of what is perhaps not there."""
    query, values, *perhaps = asked
    database.create_function("regexp_replace", 3, lambda text, _, __: str(text).split("/")[-1])
    rows: List[Any] = []
    with contextlib.suppress(*[sqlite3.OperationalError for _ in perhaps]):
        rows = database.execute(query, values).fetchall()
    return [[None if each is None else str(each) for each in row] for row in rows]


def settled(request: Dict[str, Any]) -> List[str]:
    """Take what lies beside a database into it; of another file's name, into a copy of that."""
    path, source = request["path"], request.get("source", "")
    if source:
        for end in ("", *request["ends"]):
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(f"{source}{end}", f"{path}{end}")
    with contextlib.closing(opened(path, "rw")) as database:
        database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    dressed(path, request)
    return sorted(end for end in request["ends"] if os.path.exists(f"{path}{end}"))


VERBS: Dict[str, Callable[[Dict[str, Any]], Any]] = {
    "try": tried,
    "build": built,
    "read": read,
    "settle": settled,
}

if __name__ == "__main__":
    main()
