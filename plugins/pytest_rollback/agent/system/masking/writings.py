"""Known secret values, in every writing in which a text can hold them.

Not the writings of a value are counted up, but a text is read in layers, see there: a value is in
it where one of them holds the value as it is, or as it is once its own escapes are taken back.
"""

from __future__ import annotations

import contextlib
import functools
import re
from typing import Any, FrozenSet, Iterable, Iterator, List, Pattern, Set, Tuple

from .encoded import READABLE
from .layers import BLANKS, ESCAPE, Layer, Span, layers, narrow, taken_back, widen

MARK = "***"
SHORTEST = 6
"""A shorter writing is in every text; replacing it would hide the text and no secret."""

PIECE = 12
"""Letters of one line of a longer secret, such as a key, that are a secret of their own."""

RUNS, MIXED_RUNS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+"), 4
MIXED = 8
NO_WORD = re.compile(r"[0-9!#$%^&*+=?~]")
"""Letters at least, and one of these, of a value that is a secret in small and large letters; of an
end of one that was cut, runs of letters and of digits."""

CHARSETS = ("latin-1", "cp1252", "utf-16-le", "utf-16-be")
"""How letters are written where it is not in UTF-8."""


class ValueMask:
    """Takes known values out of texts and of data.

    Args:
        values: the secrets.
    """

    def __init__(self, values: Iterable[str]) -> None:
        self.forms = frozenset(form for value in values if value for form in forms(value))
        self.spread = frozenset(reread(form, BLANKS) for form in self.forms if BLANKS.search(form))
        self.odd = not all(READABLE.search(form) for form in self.forms)

    def text(self, text: str) -> str:
        """Return a text in which every secret, however it is written, is replaced by `***`."""
        raw = narrow(text)
        spans = [
            layer.span(*place)
            for layer, some in self.readings(raw)
            for form in held(layer.text, some)
            for place in places(layer.text, form)
        ]
        return widen(cut(raw, spans)) if spans else text

    def readings(self, raw: str) -> Iterator[Tuple[Layer, FrozenSet[str]]]:
        """Yield the readings of a text in bytes, each with the forms that it may hold."""
        for layer in layers(raw, odd=self.odd):
            yield layer, self.forms
        if self.spread and "\n" in raw:
            yield taken_back(Layer(raw, [], None), BLANKS), self.spread

    def found(self, text: str) -> FrozenSet[str]:
        """Return the forms that a text holds, in any of its readings."""
        every = (held(layer.text, some) for layer, some in self.readings(narrow(text)))
        return frozenset().union(*every)

    def data(self, value: Any) -> Any:  # noqa: ANN401 - any JSON in, the same out
        """Return the same JSON without the secrets, in keys as well as in values."""
        texts: List[str] = []
        _texts(value, texts)
        found = self.found("\x1f".join(texts))
        if not found:
            return value
        few = ValueMask(())
        few.forms, few.spread, few.odd = self.forms & found, self.spread & found, self.odd
        return few.masked(value)

    def masked(self, value: Any) -> Any:  # noqa: ANN401 - as above
        """Return the same JSON, each text without the secrets."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.masked(key): self.masked(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.masked(item) for item in value]
        return value


def _texts(value: Any, found: List[str]) -> None:  # noqa: ANN401 - as above
    if isinstance(value, str):
        found.append(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            found.append(str(key))
            _texts(item, found)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _texts(item, found)


def cut(text: str, spans: List[Span]) -> str:
    """Return a text with `***` in place of spans; those that overlap are one."""
    parts, ended = [], 0
    for begin, end in sorted(spans):
        if begin >= ended:
            parts += [text[ended:begin], MARK]
        ended = max(ended, end)
    return "".join([*parts, text[ended:]])


def held(text: str, some: FrozenSet[str]) -> FrozenSet[str]:
    """Return the forms that a text holds as they are, or an end of."""
    low = text.lower()
    found = {form for form in some if (form.lower() in low if is_mixed(form) else form in text)}
    found |= {form for form in some if any(end in text for end in ends(form))}
    return frozenset(form for form in found if not form.isdecimal() or any(places(text, form)))


def places(text: str, form: str) -> Iterator[Span]:
    """Yield where a form stands; a number that is a part of a longer one is another secret's.

    Of one that was cut it is where its beginning, or its end, stands.
    """
    flags = re.IGNORECASE if is_mixed(form) else 0
    rule = rf"(?<!\d){form}(?!\d)" if form.isdecimal() else re.escape(form)
    yield from (told.span() for told in re.finditer(rule, text, flags))
    for end in ends(form):
        for told in re.finditer(re.escape(end), text):
            at, stop = told.span()
            if form.startswith(end):
                yield at, at + len(shared(form, text[at : at + len(form)]))
            if form.endswith(end):
                before = text[max(0, stop - len(form)) : stop]
                yield stop - len(shared(form[::-1], before[::-1])), stop


def shared(one: str, other: str) -> str:
    """Return what two texts begin with alike, without signs that may belong to what follows."""
    unlike = (at for at, pair in enumerate(zip(one, other)) if pair[0] != pair[1])
    return one[: next(unlike, min(len(one), len(other)))].rstrip(" ,;:.|\"'")


@functools.lru_cache(maxsize=None)
def ends(form: str) -> Tuple[str, ...]:
    """Return how a form begins and ends, where that is in no other text: letters and digits mix."""
    if len(form) <= MIXED or not is_mixed(form):
        return ()
    sizes = [(MIXED, MIXED_RUNS), (PIECE, MIXED_RUNS + 1)]  # the shortest end of each that tells
    heads = [form[:size] for size, runs in sizes if len(RUNS.findall(form[:size])) >= runs]
    tails = [form[-size:] for size, runs in sizes if len(RUNS.findall(form[-size:])) >= runs]
    return (*heads[:1], *tails[:1])


def forms(value: str) -> FrozenSet[str]:
    """Return what a layer of a text can hold of a secret, in bytes."""
    found: Set[str] = set()
    for piece in pieces(value):
        raw = narrow(piece)
        found |= {raw, narrow(raw), raw.rstrip("\\"), raw.replace("\\", ""), raw.replace(" ", "+")}
        found |= set(charsets(piece))
    for _ in range(2):
        found |= {reread(form, ESCAPE) for form in found}
    least = min(SHORTEST, len(value))
    return frozenset(form for form in found if len(form) >= least)


def reread(form: str, rule: Pattern[str]) -> str:
    """Return a form as a reading of a text has it."""
    return taken_back(Layer(form, [], None), rule).text


def is_mixed(form: str) -> bool:
    """Return whether large and small letters make no difference: letters and digits, and many."""
    return len(form) >= MIXED and bool(NO_WORD.search(form) and re.search("[A-Za-z]", form))


def charsets(value: str) -> Iterator[str]:
    """Yield the bytes of a value whose letters are not all in ASCII, where they are no UTF-8."""
    for charset in () if value.isascii() else CHARSETS:
        with contextlib.suppress(UnicodeEncodeError):
            yield value.encode(charset).decode("latin-1")
    if not value.isascii() and len(value.encode("ascii", "ignore")) >= SHORTEST:
        yield value.encode("ascii", "replace").decode()


def pieces(value: str) -> List[str]:
    """Return a secret, and of one over several lines each that is a secret of its own."""
    lines = [line.strip() for line in value.split("\n")]
    if len(lines) == 1:
        return [value]
    long = [line for line in lines if len(line) >= PIECE and not line.startswith("-----")]
    return [value, "".join(lines), *long]
