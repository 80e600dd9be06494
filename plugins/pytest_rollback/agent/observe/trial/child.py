"""Runs in a fresh process of a component's own interpreter: compiles, imports, constructs.

It is sent as text and imports nothing of ours. One JSON line per result, as it comes, on what was
standard output; whatever the component prints goes elsewhere. It writes nothing into the live
tree, and says so when a component reads a live file where the restored one should have been read.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.machinery
import json
import os
import re
import sys
import time
import traceback
from importlib.util import MAGIC_NUMBER, source_hash
from typing import Any, Callable, Iterator

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
CHANGES = {
    "os.mkdir": (0,),
    "os.remove": (0,),
    "os.rmdir": (0,),
    "os.rename": (0, 1),
    "os.link": (1,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "os.chmod": (0,),
    "os.chown": (0,),
    "os.utime": (0,),
}
"""Audit events that change a file, and which of their arguments are the changed paths."""

REPEATS = 5
UNCHECKED = b"\x01\x00\x00\x00"
"""Flags of bytecode that is bound to a source by its hash, which Python does not look at."""

TREES: list[tuple[str, str]] = []
"""Each live tree, and where it lies that is tried instead."""


def main() -> None:
    """Answer the request on standard input, and leave without waiting for any thread."""
    answers = os.fdopen(os.dup(1), "w", encoding="ascii", buffering=1)
    request = json.loads(sys.stdin.buffer.read().decode("ascii"))
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.dont_write_bytecode = True
    TREES.extend((live, tried) for live, tried in request["trees"])
    shun_bytecode()
    own, *others = sys.path
    places = (own, *request.get("paths", ()), *others)
    sys.path[:] = [moved(entry) for entry in places]
    read: set[str] = set()
    sys.addaudithook(guard(frozenset(request["touched"]), read))
    for kind, name, arguments in request["ask"]:
        answer = KINDS[kind](name, *([json.loads(arguments)] if arguments else []))
        if read and not answer.get("problem"):
            answer["problem"] = (
                "reads {} from the live tree, so that the trial proves nothing".format(
                    ", ".join(sorted(read))
                )
            )
        answers.write(json.dumps(answer) + "\n")
    answers.flush()
    os._exit(0)


def moved(entry: str) -> str:
    """Return a place to import from, in the staged tree if it is in the live one."""
    live = tree_of(entry, 0)
    return dict(TREES)[live] + entry[len(live) :] if live and not is_own(entry) else entry


def is_own(path: str) -> bool:
    """Return whether a path is the interpreter's own, which may be installed in the live tree."""
    installed = {f"{place}/" for place in (sys.prefix, sys.base_prefix)}
    above = {each for each in installed for live, _ in TREES if f"{live}/".startswith(each)}
    return f"{path}/".startswith(tuple(installed - above))


def tree_of(path: str, side: int = 1) -> str:
    """Return in which tree a path lies, of those that are tried, or live with side 0; or ""."""
    return next((each[side] for each in TREES if f"{path}/".startswith(f"{each[side]}/")), "")


def shun_bytecode() -> None:
    """Have these trees compiled anew: bytecode beside a source may be that of another version.

    All others keep theirs, or every trial would compile whole libraries.
    """
    machinery: Any = sys.modules["_frozen_importlib_external"]
    usual = machinery.cache_from_source

    def cache_from_source(path: str, *rest: Any, **more: Any) -> str:  # noqa: ANN401 - as usual
        real_ = os.path.realpath(path)
        if (tree_of(real_) or tree_of(real_, 0)) and not is_own(path):
            raise NotImplementedError  # the loader's word for "there is no bytecode"
        return str(usual(path, *rest, **more))

    machinery.cache_from_source = cache_from_source


def guard(touched: frozenset[str], read: set[str]) -> Callable[[str, tuple[Any, ...]], None]:
    """Return the audit hook: it forbids changes of the live tree, and notes what is read there."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            changed = (arguments[2] or 0) & WRITING
            seen = [real(arguments[0])]
        else:
            changed = event in CHANGES
            seen = [real(arguments[position]) for position in CHANGES.get(event, ())]
        for path in seen:
            if changed and tree_of(path, 0):
                raise PermissionError(13, "a trial may not change the live tree", path)
        read.update(touched.intersection(seen))

    return hook


def real(path: Any) -> str:  # noqa: ANN401 - whatever somebody opens
    """Return where a path really leads; nothing for a descriptor."""
    if isinstance(path, (str, bytes, os.PathLike)):
        return os.path.realpath(os.fsdecode(path))
    return ""


def compiled(path: str) -> dict[str, Any]:
    """Return whether a source file compiles; it is not run."""
    try:
        with open(path, "rb") as file:
            compile(file.read(), path, "exec", dont_inherit=True)
    except SyntaxError as error:
        return {"problem": f"line {error.lineno or 0}: {error.msg}"}
    except (OSError, ValueError) as error:
        return {"problem": str(error)[:4096]}
    return {"problem": None}


def imported(name: str) -> dict[str, Any]:
    """Return whether `package.module` or `package.module:name` loads."""
    try:
        found(name)
    except BaseException as error:  # noqa: BLE001 - it is raised where all are waited for
        return {"problem": words(error)}
    return {"problem": displaced()}


def displaced() -> Any:  # noqa: ANN401 - a text, or None
    """Return which loaded module of the tree hides another source, or would run as another one."""
    for module in list(sys.modules.values()):
        origin = getattr(getattr(module, "__spec__", None), "origin", None) or ""
        if not tree_of(origin) or is_own(origin):
            continue
        package, name = os.path.split(origin)
        if name == "__init__.py" and os.path.isfile(f"{package}.py"):
            return f"{short(origin)} hides {short(package)}.py"
        if tree_of(origin, 0) and is_foreign(origin):
            return f"{short(origin)} would not be run: its bytecode, never checked, is another's"
    return None


def short(path: str) -> str:
    """Return a path below its tree."""
    return path[len(tree_of(path)) + 1 :]


def is_foreign(source: str) -> bool:
    """Return whether Python would run bytecode that is not of this source, and never looks."""
    tag = sys.implementation.cache_tag or ""
    directory, name = os.path.split(source)
    cached = os.path.join(directory, "__pycache__", f"{name[:-3]}.{tag}.pyc")
    try:
        with open(cached, "rb") as file:
            header = file.read(16)
        with open(source, "rb") as file:
            content = file.read()
    except OSError:
        return False
    unchecked = header[:4] == MAGIC_NUMBER and header[4:8] == UNCHECKED
    return unchecked and header[8:] != source_hash(content)


def constructed(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return how long a call takes, in ms without its import: the first, the best of the next."""
    times: list[float] = []
    try:
        call = found(name)
        for _ in range(1 + REPEATS):
            started = time.perf_counter()
            call(**arguments)
            times.append((time.perf_counter() - started) * 1000)
    except BaseException as error:  # noqa: BLE001 - it is raised where all are waited for
        return {"problem": words(error)}
    return {"problem": None, "first_ms": times[0], "ms": min(times[1:])}


def shadowed(_: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return which library that is loaded would load a module of no release, and how that ends.

    One that stands in front of nothing, and loads, is what the library asks for.
    """
    for module, importer in wanted(frozenset(arguments["names"])):
        path = arguments["names"][module]
        said = f"{importer} would load {short(path)}, which is of no release"
        loaded, hidden = sys.modules.get(module), behind(module)
        if loaded is not None and getattr(loaded, "__file__", None) != path:
            continue
        try:
            importlib.import_module(module)
        except BaseException as error:  # noqa: BLE001 - it is raised where the unit starts
            if hidden or not isinstance(error, ImportError):
                return {"problem": f"{said}: {words(error)}"}
        if hidden:
            return {"problem": f"{said} and hides {hidden}"}
    return {"problem": None}


def behind(module: str) -> str:
    """Return where a module would be loaded from if the tree had none of its name."""
    if module in sys.builtin_module_names:
        return "a module of the interpreter"
    rest = [each for each in sys.path if each and not tree_of(os.path.realpath(each))]
    spec = importlib.machinery.PathFinder.find_spec(module, rest)
    return (spec.origin or "another package") if spec else ""


def wanted(names: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield which of some modules the loaded libraries import, now or later, and where."""
    text = "|".join(sorted(names)).encode("ascii", "replace")
    mentions = re.compile(
        rb"^[ \t]*(?:import|from)[ \t][^#\n]*\b(?:" + text + rb")\b", re.MULTILINE
    )
    for path in libraries():
        with contextlib.suppress(OSError, SyntaxError, ValueError), open(path, "rb") as file:
            content = file.read()
            if mentions.search(content):
                for module in sorted(names & imports_of(content)):
                    yield module, path


def imports_of(content: bytes) -> set[str]:
    """Return the top names that a source imports, wherever it does."""
    import ast  # noqa: PLC0415 - hardly ever needed

    found: set[str] = set()
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Import):
            found.update(each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.partition(".")[0])
    return found


def libraries() -> Iterator[str]:
    """Yield the sources of what is loaded from outside of the tree; of a package, all of it."""
    for name, module in sorted(sys.modules.items()):
        origin = getattr(module, "__file__", None) or ""
        inside = tree_of(os.path.realpath(origin)) and not is_own(origin)
        if "." in name or not origin.endswith(".py") or inside or name == "__main__":
            continue
        package = os.path.basename(origin) == "__init__.py"
        yield from [] if package else [origin]
        for place, _, files in os.walk(os.path.dirname(origin)) if package else ():
            yield from (os.path.join(place, each) for each in files if each.endswith(".py"))


def found(name: str) -> Any:  # noqa: ANN401 - whatever the component calls so
    """Return a module, or what has this name in it."""
    module, _, path = name.partition(":")
    thing = importlib.import_module(module)
    for part in filter(None, path.split(".")):
        thing = getattr(thing, part)
    return thing


def words(error: BaseException) -> str:
    """Return an exception in one line, with the last place in the component's own files."""
    text = f"{type(error).__name__}: {error}".splitlines()[0][:4096]  # who reads it shortens it
    here = os.getcwd() + "/"
    frames = traceback.extract_tb(error.__traceback__)
    places = [frame for frame in frames if frame.filename.startswith(here)]
    if not places:
        return text
    return f"{text} ({places[-1].filename[len(here) :]}:{places[-1].lineno})"


KINDS: dict[str, Callable[..., dict[str, Any]]] = {
    "compile": compiled,
    "import": imported,
    "construct": constructed,
    "shadow": shadowed,
}

if __name__ == "__main__":
    main()
