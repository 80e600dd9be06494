"""What the agent may be made of: the standard library of any Python since 3.8, and itself.

And what it does by a file's name outside of `files/`. A name means what whoever can write a
directory on its way makes it mean. So it is used below a directory that is open, without following
a link; or in `reach`, which walks. Free are besides: descriptors, and names that stand in the
source and are of the kernel or of root alone.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from tests.architecture.sources import PACKAGE, Sources, imports, matches, nodes, tree

AGENT = "plugins/pytest_rollback/agent/*"


def foreign(found: Sources) -> list[str]:
    """Return what the agent imports beside the standard library and itself, relatively."""
    return [
        f"{path} imports {name}"
        for path, source in found.items()
        if matches(path, [AGENT])
        for whole in (_absolute(source),)
        for name in sorted(whole | set(imports(path, source)))
        if (name in whole and name.split(".")[0] not in sys.stdlib_module_names)
        or (name.startswith(PACKAGE) and not name.startswith(f"{PACKAGE}.agent"))
    ]


def _absolute(source: str) -> set[str]:
    """Return what a source imports by its full name."""
    found = nodes(source)
    plain = {alias.name for node in found if isinstance(node, ast.Import) for alias in node.names}
    return plain | {
        node.module
        for node in found
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
    }


def too_new(found: Sources) -> list[str]:
    """Return what an old Python on a host could not even read, of the agent."""
    return [f"{path}: {why}" for path in found if (why := _unread(path, found[path]))]


def _unread(path: str, source: str) -> str:
    try:
        ast.parse(source, feature_version=(3, 8)) if matches(path, [AGENT]) else None
    except SyntaxError as error:
        return str(error)
    return ""


ROOM = tuple(
    f"{AGENT[:-1]}files/{name}.py" for name in ("handles", "reach", "tree", "links", "ownership")
)
"""The modules that may use names as they are: they look at each component themselves."""

OF_OS = """
access chdir chmod chown fwalk getxattr lchown link listdir listxattr lstat makedirs mkdir mkfifo
mknod open pathconf readlink remove removedirs removexattr rename renames replace rmdir scandir
setxattr stat statvfs symlink truncate unlink utime walk
path.exists path.getatime path.getctime path.getmtime path.getsize path.isdir path.isfile
path.islink path.ismount path.lexists path.samefile
"""
LIBRARIES = ("glob", "pathlib", "shutil", "tarfile", "tempfile", "zipfile", "linecache")
OPENERS = {"gzip.open", "bz2.open", "lzma.open", "io.open", "codecs.open", "fileinput.input"}
HARMLESS = {"glob.escape", "tarfile.TarError", "tarfile.BLOCKSIZE", "shutil.copyfileobj"}
HARMLESS |= {"tempfile.TemporaryFile", "tempfile.gettempdir"}
TOUCHING = {"open", *(f"os.{name}" for name in OF_OS.split()), *OPENERS}
"""What a name is given to; `os.path.realpath` opens nothing, and what it returns is a name."""

NEVER_FOLLOW = {"unlink", "remove", "rename", "replace", "mkdir", "rmdir", "symlink", "readlink"}
NEVER_FOLLOW |= {"fwalk"}
OF_HOST = re.compile(r"/(?:proc|sys|etc|dev|run/systemd)(?:$|/)(?!.*/(?:cwd|root)/)")
"""Where only the kernel and root make names; what lies behind a process's own links is not."""

HANDLES = {"os.open", "os.dup", "os.memfd_create", "os.pipe"}
GIVES_HANDLE = (".directory", ".fileno", ".parent")
"""Methods of `Tree` and of open files that give a descriptor, alone or before a name."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Within(NamedTuple):
    """Where an expression stands: what names of it and of its module were made of, and flags."""

    made: dict[str, list[ast.expr]]
    handles: frozenset[str]
    unfollowed: frozenset[str]


def opened_by_name(found: Sources) -> list[str]:
    """Return each use of a name that is none of `files/`, none of the host, and no descriptor."""
    mine = {path: text for path, text in found.items() if matches(path, [AGENT])}
    flags = _unfollowed(tuple(mine.values()))
    return [
        f"{path}: {ast.unparse(use)}"
        for path, text in mine.items()
        if path not in ROOM
        for use in dict.fromkeys(_uses(tree(text), Within({}, frozenset(), flags)))
    ]


@cache
def _unfollowed(texts: tuple[str, ...]) -> frozenset[str]:
    """Return the constants of all modules that have O_NOFOLLOW among their flags."""
    found: set[str] = set()
    for text in texts:
        for node in tree(text).body:
            if isinstance(node, ast.Assign) and "O_NOFOLLOW" in ast.unparse(node.value):
                found.update(each.id for each in node.targets if isinstance(each, ast.Name))
    return frozenset(found)


def _uses(node: ast.AST, within: Within, above: ast.AST | None = None) -> Iterator[ast.expr]:
    """Yield the uses of names below a node, with what is known where they stand."""
    if isinstance(node, ast.Module | Function | ast.ClassDef):
        within = _entered(node, within)
    if isinstance(node, ast.ImportFrom) and _is_hidden(node):
        yield from (ast.Name(f"from {node.module} import {each.name}") for each in node.names)
    if isinstance(node, ast.Attribute | ast.Name) and _is_touching(ast.unparse(node)):
        if not isinstance(above, ast.Call) or above.func is not node:
            yield node
        elif not _is_fine(above, within):
            yield above
    for each in ast.iter_child_nodes(node):
        yield from _uses(each, within, node)


def _is_touching(name: str) -> bool:
    of_library = name.partition(".")[0] in LIBRARIES and "." in name and name not in HARMLESS
    return name in TOUCHING or of_library


def _is_hidden(node: ast.ImportFrom) -> bool:
    """Tell whether an import takes the module's name away from what touches."""
    names = [f"{node.module}.{each.name}" for each in node.names]
    return not node.level and any(map(_is_touching, names))


def _entered(node: ast.Module | Function | ast.ClassDef, within: Within) -> Within:
    """Return what is known inside of a module, a class or a function."""
    made = dict(within.made)
    handles = set(within.handles)
    if isinstance(node, Function):
        given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        handles -= {each.arg for each in given}
        for each in given:
            made.pop(each.arg, None)
            if each.annotation and ast.unparse(each.annotation) == "int":
                handles.add(each.arg)
    for one in _own(node):
        for name, value in _assigned(one):
            made[name] = [*made.get(name, []), value]
        if isinstance(one, ast.withitem) and isinstance(one.optional_vars, ast.Name):
            made[one.optional_vars.id] = [one.context_expr]
    return Within(made, frozenset(handles), within.unfollowed)


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names that a statement sets; where a call gives several, the first of them."""
    if not isinstance(node, ast.Assign):
        return
    for target in node.targets:
        parts = target.elts if isinstance(target, ast.Tuple) else [target]
        pairs = isinstance(node.value, ast.Tuple)
        values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        for part, value in zip(parts, values if pairs else values[:1], strict=False):
            if isinstance(part, ast.Name):
                yield part.id, value


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what a function or module does itself, without the functions in it."""
    for each in ast.iter_child_nodes(node):
        yield each
        if not isinstance(each, Function | ast.ClassDef):
            yield from _own(each)


def _is_fine(call: ast.Call, within: Within) -> bool:
    """Tell whether a call needs no walk: below a handle, of a descriptor, or of the host."""
    name = ast.unparse(call.func).rpartition(".")[2]
    if _is_below_handle(call, within):
        return name in NEVER_FOLLOW or _follows_no_link(name, call, within)
    if any(each.arg == "fileobj" for each in call.keywords):
        return True
    if not call.args:
        return False
    return _is_handle(call.args[0], within) or _is_of_host(call.args[0], within)


def _is_below_handle(call: ast.Call, within: Within) -> bool:
    for each in call.keywords:
        if each.arg in {"dir_fd", "src_dir_fd"}:
            return True
        if each.arg is None and isinstance(each.value, ast.Name):
            made = within.made.get(each.value.id, [])
            return bool(made) and all("src_dir_fd" in ast.unparse(one) for one in made)
    return False


def _follows_no_link(name: str, call: ast.Call, within: Within) -> bool:
    if name == "open":
        words = set(re.findall(r"\w+", ast.unparse(call.args[1])))
        local = {each for each in words & within.made.keys() if "O_NOFOLLOW" in _text(each, within)}
        return bool(local or words & (within.unfollowed | {"O_NOFOLLOW"}))
    if call.args and ast.unparse(call.args[0]) in {"'.'", "b''"}:
        return True
    return any(
        each.arg == "follow_symlinks" and ast.unparse(each.value) == "False"
        for each in call.keywords
    )


def _text(name: str, within: Within) -> str:
    return " ".join(map(ast.unparse, within.made[name]))


def _is_handle(value: ast.expr, within: Within) -> bool:
    if isinstance(value, ast.Name):
        made = within.made.get(value.id, [])
        return value.id in within.handles or (
            bool(made) and all(_is_handle(each, within) for each in made if each is not value)
        )
    if isinstance(value, ast.Call):
        called = ast.unparse(value.func)
        return called in HANDLES or called.endswith(GIVES_HANDLE)
    return False


def _is_of_host(value: ast.expr, within: Within) -> bool:
    if isinstance(value, ast.Name):
        made = within.made.get(value.id, [])
        return bool(made) and all(_is_of_host(each, within) for each in made)
    if ast.unparse(value) == "os.devnull":
        return True
    text = ast.unparse(value).lstrip("f").strip("'\"")
    is_text = isinstance(value, ast.Constant | ast.JoinedStr)
    return is_text and OF_HOST.match(text) is not None
