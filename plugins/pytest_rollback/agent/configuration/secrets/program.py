"""The texts of a program in Python, such as `settings.py`, under the names that it gives them."""

from __future__ import annotations

import ast
import re
from typing import Iterator, Optional, Tuple

from ...system.masking.ordinary import NAMES
from .values import Pair

DOTTED = re.compile(r"[A-Za-z_]+(?:\.[A-Za-z_]\w*)*")
"""The name of a module, a class or a setting: under no name of its own it is no secret."""


def constants(text: str) -> Iterator[Pair]:
    """Yield the texts and numbers of a program.

    Raises:
        SyntaxError: it is not Python, or that of another version.
    """
    for node in ast.walk(ast.parse(text)):
        for key, value in _named(node):
            several = value.elts if isinstance(value, (ast.List, ast.Tuple)) else ()
            for one in (value, *(several if NAMES.search(key) else ())):
                told = text_of(one)
                if told is not None:
                    yield key, told
        told = text_of(node)
        if told is not None and not DOTTED.fullmatch(told) and not told.isspace():
            yield "", told


def _named(node: ast.AST) -> Iterator[Tuple[str, ast.AST]]:
    """Yield what a part of a program gives a name to."""
    if isinstance(node, ast.Assign):
        yield from ((_name(target), node.value) for target in node.targets)
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        yield _name(node.target), node.value
    elif isinstance(node, ast.keyword):
        yield node.arg or "", node.value
    elif isinstance(node, ast.Dict):
        yield from ((text_of(key) or "", item) for key, item in zip(node.keys, node.values) if key)
    elif isinstance(node, ast.Call) and len(node.args) > 1:  # os.environ.get, os.getenv
        yield text_of(node.args[0]) or "", node.args[1]


def _name(target: ast.AST) -> str:
    if isinstance(target, ast.Subscript):
        return text_of(target.slice) or ""
    return str(getattr(target, "id", getattr(target, "attr", "")))


def text_of(node: ast.AST) -> Optional[str]:
    """Return the text or number that an expression is; of joined ones all of them."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes, int)):
        value = node.value
        return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = text_of(node.left), text_of(node.right)
        return None if left is None or right is None else left + right
    return None
