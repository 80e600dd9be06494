"""Archives that somebody has altered: what any program would read of them is what was sealed."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_rollback.cli.report.verify import main
from pytest_rollback.errors import UsageError
from pytest_rollback.evidence import archive, seal
from pytest_rollback.run.command_line.shared import carried_out
from tests.unit.support.run_folder import call, left

RUN = "20261124-120000-aaaa"
PAGE = f"{RUN}/report.html"
FORGED = b"FORGED"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of a run that is over."""
    return archive.archive_of(left(tmp_path_factory.mktemp("reports"), RUN))


def member(name: str = PAGE, content: bytes = FORGED, **more: object) -> bytes:
    """Return one member of an archive as bytes, without the end of one."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in more.items():
        setattr(info, key, value)
    rest = b"\0" * (-len(content) % 512)
    return info.tobuf(tarfile.PAX_FORMAT) + content + rest


def zipped(held: bytes, name: str = "") -> bytes:
    """Return one stream as the archive is written."""
    raw = io.BytesIO()
    with gzip.GzipFile(name, "wb", 6, raw, mtime=0) as stream:
        stream.write(held)
    return raw.getvalue()


def header(raw: bytes, at: int, value: int) -> bytes:
    """Return a stream with another byte in its header."""
    return raw[:at] + bytes([value]) + raw[at + 1 :]


def end(held: bytes) -> int:
    """Return where the members of an archive end."""
    with tarfile.open(fileobj=io.BytesIO(held)) as found:
        last = found.getmembers()[-1]
        return last.offset_data + last.size + -last.size % 512


def sized(size: int) -> bytes:
    """Return a member that states a size of its own."""
    head = bytearray(member(content=b""))
    head[124:136] = (b"\xff" if size < 0 else b"\x80") + size.to_bytes(11, "big", signed=True)
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head)


HARMS: dict[str, Callable[[bytes], bytes]] = {
    "one more of a name, first": lambda raw: zipped(member() + gzip.decompress(raw)),
    "one more of a name, last": lambda raw: zipped(
        gzip.decompress(raw)[: end(gzip.decompress(raw))] + member() + b"\0" * 1024
    ),
    "the same file twice": lambda raw: zipped(
        gzip.decompress(raw)[: end(gzip.decompress(raw))] * 2 + b"\0" * 1024
    ),
    "a name in other letters": lambda raw: zipped(
        member(f"{RUN}/./report.html") + gzip.decompress(raw)
    ),
    "a file beside the folder": lambda raw: zipped(member("report.html") + gzip.decompress(raw)),
    "a directory": lambda raw: zipped(
        member(f"{RUN}/empty", b"", type=tarfile.DIRTYPE) + gzip.decompress(raw)
    ),
    "a member behind the end": lambda raw: zipped(gzip.decompress(raw) + member() + b"\0" * 1024),
    "bytes behind the end, inside": lambda raw: zipped(gzip.decompress(raw) + b"x" * 512),
    "nothing behind the end, inside": lambda raw: zipped(gzip.decompress(raw) + b"\0" * 512),
    "another owner": lambda raw: zipped(
        member(f"{RUN}/{seal.SUMS}", b"", uname="mallory") + gzip.decompress(raw)
    ),
    "a stream behind it": lambda raw: raw + zipped(member() + b"\0" * 1024),
    "an empty stream behind it": lambda raw: raw + zipped(b""),
    "a stream before it": lambda raw: zipped(member()) + raw,
    "bytes behind it": lambda raw: raw + b"garbage",
    "zeros behind it": lambda raw: raw + b"\0" * 512,
    "a name in its header": lambda raw: zipped(gzip.decompress(raw), "forged.tar"),
    "a time in its header": lambda raw: header(raw, 4, 1),
    "another system in its header": lambda raw: header(raw, 9, 0),
    "the end cut off": lambda raw: raw[:-1],
    "a checksum cut off": lambda raw: raw[:-8],
    "only its header": lambda raw: raw[:10],
    "a link": lambda raw: zipped(
        member(f"{RUN}/x", b"", type=tarfile.SYMTYPE, linkname="y") + gzip.decompress(raw)
    ),
    "another name of a file": lambda raw: zipped(
        member(f"{RUN}/x", b"", type=tarfile.LNKTYPE, linkname=PAGE) + gzip.decompress(raw)
    ),
    "a fifo": lambda raw: zipped(
        member(f"{RUN}/x", b"", type=tarfile.FIFOTYPE) + gzip.decompress(raw)
    ),
    "a second folder": lambda raw: zipped(member("other/x") + gzip.decompress(raw)),
    "a path of its own": lambda raw: zipped(member("/srv/forged") + gzip.decompress(raw)),
    "a negative size": lambda raw: zipped(sized(-1024) + gzip.decompress(raw)),
    "a size without end": lambda raw: zipped(sized(1 << 62) + gzip.decompress(raw)),
}


@pytest.mark.parametrize("name", HARMS)
def test_an_altered_archive_is_never_unchanged(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Also with the seal that was printed: CHANGED, or no archive."""
    head = seal.seals(whole.with_name(RUN))[0].hash
    alone = tmp_path / "alone.tar.gz"
    alone.write_bytes(HARMS[name](whole.read_bytes()))
    code = carried_out(lambda: main([str(alone), "--head", head], "verify_bundle"))
    printed = "".join(capsys.readouterr())

    assert (code in {1, 4}, "HINT: " in printed, "UNCHANGED" in printed) == (True, True, False), (
        printed
    )


def test_an_archive_that_is_as_it_was_written_has_no_faults(whole: Path) -> None:
    """Also a copy under another name."""
    with archive.unpacked(whole) as found:
        assert (found.folder.name, found.faults) == (RUN, ())


def test_an_archive_beside_its_folder_is_held_to_the_same(whole: Path) -> None:
    """The folder is sound, its archive has a second stream."""
    raw = whole.read_bytes()
    try:
        whole.write_bytes(raw + zipped(member() + b"\0" * 1024))
        code, printed = call("report verify", str(whole.with_name(RUN)))
    finally:
        whole.write_bytes(raw)

    assert (code, "bytes follow after its end" in printed) == (1, True), printed


def test_an_archive_of_too_much_is_refused(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few kilobytes can hold gigabytes: it ends at a limit, and says so."""
    monkeypatch.setattr(archive, "MOST", 1 << 20)
    bomb = tmp_path / "bomb.tar.gz"
    bomb.write_bytes(zipped(gzip.decompress(whole.read_bytes()) + b"\0" * (2 << 20)))

    with (
        pytest.raises(UsageError, match="what it holds is larger than"),
        archive.unpacked(bomb),
    ):
        pass


@given(at=st.integers(0, 1 << 20), value=st.integers(0, 255), inside=st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_damaged_archive_is_told_or_refused(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, at: int, value: int, *, inside: bool
) -> None:
    """Whichever byte it is, of the stream or of what it holds; never a traceback."""
    raw = bytearray(gzip.decompress(whole.read_bytes()) if inside else whole.read_bytes())
    at %= len(raw)
    same = raw[at] == value
    raw[at] = value
    path = tmp_path_factory.mktemp("damaged") / "x.tar.gz"
    path.write_bytes(zipped(bytes(raw)) if inside else bytes(raw))
    try:
        with archive.unpacked(path) as found:
            held = {
                name: (found.folder / name).read_bytes() for name in archive.files(found.folder)
            }
            faults = found.faults
    except UsageError:
        assert not same
        return
    there = whole.with_name(RUN)
    known = {name: (there / name).read_bytes() for name in archive.files(there)}
    told = faults or held != known or found.folder.name != RUN
    assert same or told or not inside  # of a stream, some bits are nothing


def test_no_pipe_is_waited_for(tmp_path: Path) -> None:
    """What is no regular file is no archive."""
    os.mkfifo(tmp_path / "x.tar.gz")

    with (
        pytest.raises(UsageError, match="is not a regular file"),
        archive.unpacked(tmp_path / "x.tar.gz"),
    ):
        pass
