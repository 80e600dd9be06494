"""Pairs of a name like `password` and its value: in each notation, where a value begins, ends."""

from __future__ import annotations

import re
from typing import Iterator, List, Optional, Tuple

Span = Tuple[int, int]

ANCHORS_WORDS = "pass pwd secret token credential key auth sig dsn session salt"
ANCHORS = tuple(ANCHORS_WORDS.split())
"""Letters that a name has; a text is searched for them, and only there looked at."""

WORDS_OF_NAMES = (
    "password passwd passwort passphrase passcode userpass rootpass dbpass sshpass secret "
    "token credential signature sessionid"
)
SECRET = tuple(WORDS_OF_NAMES.split())
"""Words of names whose values are secrets, wherever they stand in a name; without separators."""

KEYS_WORDS = (
    "apikey accesskey privatekey signingkey encryptionkey masterkey sharedkey accountkey "
    "storagekey licensekey authkey sessionkey mysqlpwd"
)
KEYS = tuple(KEYS_WORDS.split())
"""The same at the end of a name that is one word."""

LAST = frozenset(["pass", "pwd", "pw", "auth", "dsn", "sig", "salt"])
"""Words that are such a name as its last word."""

NO_SECRET = re.compile(
    r"(?:ttl|timeout|expir\w{0,20}|file|files|path|dir|directory|names?|types?|count|counts|length|len|size"
    r"|limit|method|algorithm|alg|mode|scope|scopes|issuer|enabled|disabled|required|header|url|uri"
    r"|host|port|user|username|policy|version|status|state|error|errors|age|min|max|days|rotation"
    r"|prefix|field|param|budget|usage|used|window|manager|store|ref|arn|endpoint|provider|backend"
    r"|less|izer|ization|ized|ing|ed|by|is|was|hint|label|prompt|env|variable|var|example|tokens|secrets)$"
)
"""Last words of names that say something about a secret, and hold none."""

BEFORE = re.compile(r"[A-Za-z0-9_-]{0,48}\Z")
AFTER = re.compile(r"[A-Za-z0-9_-]{0,48}")
QUOTE = r"(?:\\*[\"'`]|&(?:quot|apos|#0?34|#0?39|#x2[27]);|%2[27])"
CLOSE = re.compile(rf"(?:{QUOTE}|[\])]){{0,4}}")
EQUALS = re.compile(r"[ \t]{0,20}(?:=>|:=|==|=|:|%3[DdAa])[ \t]{0,20}(?:\s{0,80}(?=[\"']))?")
VALUE = re.compile(r"[,\s]{1,40}[\"'\\]{0,4}(?i:value|content)[\"'\\]{0,4}\s{0,4}[=:]\s{0,4}")
COMMA = re.compile(rf",\s{{0,4}}(?=[bBuU]?{QUOTE})")
KIND = re.compile(rf"[bBuUrR]{{1,2}}(?={QUOTE})")
"""What stands before the quotes of a text or of bytes in Python."""

SAID = re.compile(
    r"[ \t]{1,8}(?:->|(?i:is|was)(?:[ \t]{1,4}(?i:now|set[ \t]{1,4}to))?:?)[ \t]{1,8}"
)
MIXED = re.compile(r"(?=[^A-Za-z]*[A-Za-z])(?=[^\d#$%^&*+=!]*(?:\d|[#$%^&*+=!]\S)).{6,}")
NAMES_OF_FORMS = re.compile(r"(?i)(?:base|sha|md|utf|aes|rs|hs|es|ed|rsa|bcrypt|argon)-?\d.{0,40}")
"""What a sentence says of a secret and is none, though letters and digits mix."""

BLANK = re.compile(r"[ \t]{1,8}(?![-=:])")
APART = re.compile(r"[ \t]{1,8}(?=['\"])")
TAG = re.compile(r"(?:\s[^<>\n]{0,200})?>")
OPENING = re.compile(QUOTE)
BLOCK = re.compile(r"[|>][+-]?\d?[ \t]{0,8}(?:\n[ \t]+[^\n]*){1,200}")
LIST = re.compile(r"\[[^\[\]\n]{0,400}\]")
LINE = re.compile(r"[^\n\r]{0,4096}")
BARE = re.compile(
    r"(?:[^\s\"'`<>\\,;&]|,(?![\s,]|[\w.-]{1,40}[=:]|$)|;(?![\s;]|[\w.-]{1,40}[=:]|$)"
    r"|&(?![\w.-]{1,40}=|(?:quot|apos|lt|gt|amp|#\w{1,4});)|\\(?![\"'nrtu]))+"
)
STARTS = re.compile(r"(?:^|\n)[ \t>|+-]{0,80}(?:export[ \t]+)?\Z")
ODD = re.compile(r"[\"'<\\]|\s[\w.-]{1,40}=")
"""What a value that is a whole line does not have: quotes, and another setting."""

LONGEST = 4096
REACH = 48
"""Letters of a value, and of a name on each side of what it was found by."""

ORDINARY_WORDS = (
    "none null nil true false yes no on off undefined unset empty missing required optional "
    "invalid expired wrong incorrect hidden redacted masked removed given set not is are was "
    "were has have had must may can should will the a an of for in on at by to from with "
    "without and or if it its this that which who when where while as be been but no one "
    "each every any all str string int bytes bool text optional[str] ok failed denied "
    "rejected refused accepted valid changed unknown default basic digest bearer md5 trust "
    "peer scram-sha-256 cert gss sspi ldap radius pam oauth2 any error errors"
)
ORDINARY = frozenset(ORDINARY_WORDS.split())
"""Words that stand behind such a name in sentences, types and settings of methods."""

PLACEHOLDER = re.compile(
    r"\$\{?[A-Za-z_]\w*\}?|\$\(.*|\{\{.*|%\(?\w+\)?s?|<.*|\{\w*\}|\*+|[xX.…]+|-+"
)
CODE = re.compile(
    r"[A-Za-z_][\w.]*(?:\(.*|\[.*)|(?:self|os|settings|config|env|args|kwargs|request)\..+"
)
PLACE = re.compile(r"(?:\.{0,2}/[a-z0-9_.-]+){2,}/?|/[a-z]+")


def spans(text: str) -> Iterator[Span]:
    """Yield where the values of secret names begin and end, from left to right without overlaps."""
    low = text.lower() if len(text.lower()) == len(text) else text
    ended = 0
    for at, anchor in sorted(found(low)):
        if at < ended:
            continue
        name, end = named(text, at, anchor)
        span = value(text, at, end) if is_secret_name(name) else None
        if span and not is_ordinary(name, text[slice(*span)]):
            ended = span[1]
            yield span


def found(text: str) -> Iterator[Tuple[int, str]]:
    """Yield the places of a text that are looked at."""
    for anchor in ANCHORS:
        at = text.find(anchor)
        while at >= 0:
            yield at, anchor
            at = text.find(anchor, at + len(anchor))


def named(text: str, at: int, anchor: str) -> Tuple[str, int]:
    """Return the whole name that letters at a place belong to, and where it ends."""
    before = BEFORE.search(text[max(0, at - REACH) : at])
    after = AFTER.match(text, at + len(anchor))
    end = after.end() if after else at
    return f"{before[0] if before else ''}{text[at:end]}", end


def is_secret_name(name: str) -> bool:
    """Return whether a name is that of a secret: `DB_PASSWORD`, `apiKey`, `--client-secret`."""
    words: List[str] = [
        word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)
    ]
    while words and (
        words[-1].isdigit() or words[-1] in {"value", "plain", "current", "old", "new"}
    ):
        words.pop()
    joined = "".join(words)
    if not words or (
        NO_SECRET.fullmatch(words[-1]) or (NO_SECRET.search(joined) and len(words) == 1)
    ):
        return False
    if words[-1] in LAST or joined.endswith(KEYS) or any(word in joined for word in SECRET):
        return True
    return words[-1] == "key" and len(words) > 1 and (name.isupper() or words[-2] in KEYED)


KEYED_WORDS = (
    "access account admin api app auth client consumer cookie crypt crypto csrf database db "
    "deploy encryption encrypt fernet hmac host jwt license master private rsa secret "
    "security service session shared signing sign ssh storage stripe token user webhook"
)
KEYED = frozenset(KEYED_WORDS.split())
"""Words before `key` that make it one that is secret."""


def value(text: str, at: int, end: int) -> Optional[Span]:
    """Return begin and end of the value that belongs to a name."""
    closed = CLOSE.match(text, end)
    after = closed.end() if closed else end
    begin = at
    while begin and (text[begin - 1].isalnum() or text[begin - 1] in "_-") and at - begin < REACH:
        begin -= 1
    if text[begin - 1 : begin] == "<" or re.search(
        r"<[\w.-]{1,40}:\Z", text[max(0, begin - 42) : begin]
    ):
        tag = TAG.match(text, end)
        if tag:
            stop = text.find("<", tag.end(), tag.end() + LONGEST)
            return (tag.end(), stop) if stop > tag.end() else None
    for separator in (VALUE, EQUALS):
        told = separator.match(text, after)
        if told:
            return content(
                text, told.end(), is_line=bool(STARTS.search(text[max(0, begin - 90) : begin]))
            )
    told = SAID.match(text, after)
    if told:
        return said(text, told.end())
    option = text[begin : begin + 1] == "-" and text[begin - 1 : begin] not in {"-", "_"}
    for separator, fits in (
        (COMMA, after > end),
        (BLANK, option and after == end),
        (APART, after == end),
    ):
        told = separator.match(text, after) if fits else None
        if told:
            span = content(text, told.end(), is_line=False)
            listed = separator is COMMA and span and is_secret_name(text[slice(*span)])
            return None if listed else span  # a list of such names
    return None


def said(text: str, at: int) -> Optional[Span]:
    """Return begin and end of a value in a sentence; None for a word, as sentences have them."""
    span = content(text, at, is_line=False)
    if not span or OPENING.match(text, at) or KIND.match(text, at):
        return span
    word = text[slice(*span)]
    return span if MIXED.fullmatch(word) and not NAMES_OF_FORMS.fullmatch(word) else None


def content(text: str, at: int, *, is_line: bool) -> Optional[Span]:
    """Return begin and end of a value: in quotes, a block, a list, a line, or a word."""
    kind = KIND.match(text, at)
    at = kind.end() if kind else at
    opening = OPENING.match(text, at)
    if opening:
        return in_quotes(text, opening.end(), opening[0])
    for whole in (BLOCK, LIST):
        told = whole.match(text, at)
        if told:
            return told.span()
    if is_line:
        line = LINE.match(text, at)
        words = re.split(r"[ \t]#", line[0], maxsplit=1)[0].rstrip(" \t,;") if line else ""
        alone = words and not ODD.search(words) and words.split()[0].lower() not in ORDINARY
        if alone:
            return at, at + len(words)
    told = BARE.match(text, at)
    if not told:
        return None
    stop = told.end()
    while stop > at + 1 and text[stop - 1] in ")}].,:;" and text[at : at + 1] not in {"{", "$"}:
        stop -= 1
    return at, stop


def in_quotes(text: str, at: int, quote: str) -> Span:
    """Return begin and end of what stands in quotes; where they are not closed, of the line."""
    stop = text.find(quote, at, at + LONGEST)
    while stop > at and len(quote) == 1 and is_escaped(text, at, stop):
        stop = text.find(quote, stop + 1, at + LONGEST)
    if stop < 0:
        line = LINE.match(text, at)
        stop = line.end() if line else at
    return at, stop


def is_escaped(text: str, at: int, stop: int) -> bool:
    """Return whether an odd number of backslashes stands before a quote."""
    count = 0
    while stop - count > at and text[stop - count - 1] == "\\":
        count += 1
    return count % 2 == 1


def is_ordinary(name: str, said: str) -> bool:
    """Return whether a value says nothing: a word of a sentence, a placeholder, a path, code."""
    value_ = said.strip()
    if not value_ or value_ == name or value_.lower().rstrip(".,;:!") in ORDINARY:
        return True
    if not value_[1:] or PLACEHOLDER.fullmatch(value_) or PLACE.fullmatch(value_):
        return True
    return bool(CODE.fullmatch(value_)) or (value_.isupper() and is_secret_name(value_))
