"""What has the shape of a secret, in any text: no value of it has to be known.

Addresses with a password, pairs of name and value, headers, cookies, settings of units, keys in
PEM, JWT, hashes of passwords, and what providers hand out. Each expression takes linear time.
"""

from __future__ import annotations

import binascii
import functools
import re
from typing import Any, Callable, Match, Pattern, Tuple

from .ordinary import is_secret
from .pairs import ORDINARY, spans
from .providers import LINKS, PREFIXES, WORDS
from .writings import MARK

Rule = Tuple[Tuple[str, ...], Callable[[str], str]]

PEM = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:\s|\\+[nrt]|&#1[03];|[>|\"'+,]|[A-Za-z0-9+/=]{20,}"
    r"|(?:Proc-Type|DEK-Info|Version|Comment|Charset): ?[^\\\n\"]{0,80}"
    r"|[A-Za-z0-9+/=]{1,19}(?=[\s\\nr\"'&<>|+,]{0,80}-----END))*"
    r"(?:-----END [A-Z0-9 ]{0,40}-----)?"
)
PUTTY = re.compile(r"(PuTTY-User-Key-File-\d:)[^\n]*(?:\n[^\n]+){0,80}")
PEM_LINE = re.compile(
    r"(?<![A-Za-z0-9+/=_-])(?=[^\s]{0,63}[A-Z])(?=[^\s]{0,63}[a-z])[A-Za-z0-9+/]{64}(?![A-Za-z0-9+/=_-])"
)
JWT = re.compile(r"eyJ(?<![A-Za-z0-9_-]eyJ)[A-Za-z0-9_=-]{6,}(?:\.[A-Za-z0-9_=-]{4,}){1,4}\.?")
URL = re.compile(r"(:(?:\\?/){2}|%3[Aa]%2[Ff]%2[Ff])([^\s\"'<>`\\]{3,})")
AUTHORITY = re.compile(r"[^/?#]*")
TOKEN = re.compile(r"(?=[^\d]*\d)(?=[^A-Za-z]*[A-Za-z])[^\s:/@]{16,256}")
USERINFO = re.compile(r"([^:@]{0,256})(:|%3[Aa])(.*)", re.DOTALL)
BEARER = re.compile(r"(?i)\b(bearer|apikey|negotiate|ntlm)([ +]|%20)+([A-Za-z0-9._~+/=|-]{6,})")
BASIC = re.compile(r"(?i)\b(basic)([ +]|%20)+([A-Za-z0-9+/_-]{6,}={0,2})")
HEADER = re.compile(
    r"(?i)((?:proxy-)?authorization|(?:set-)?cookie2?|x-(?:api|auth|access|amz-security|vault|gitlab|csrf|"
    r"goog-api|functions|session)[a-z-]{0,20}(?:key|token)?)((?:\\*[\"'])?\s{0,4}[:=,]\s{0,4})(?=\S)"
)
SCHEME = re.compile(r"(?i)(bearer|basic|token|digest|negotiate|apikey|aws4-hmac-sha256)(\s+)")
REST = {
    "": re.compile(r"[^\n\r\"'<>\\]{1,4096}"),
    '"': re.compile(r"[^\n\r\"\\]{1,4096}"),
    "'": re.compile(r"[^\n\r']{1,4096}"),
    "digest": re.compile(r"[^\n\r]{1,4096}"),
    "aws4-hmac-sha256": re.compile(r"[^\n\r]{1,4096}"),
}
"""The rest of a header: to the end of the line, or of the quotes that it stands in."""
UNIT = re.compile(r"(?m)^([ \t]*(?:Pass)?[Ee]nvironment[ \t]*=[ \t]*)(.*)$")
ASSIGNED = re.compile(
    r"(?P<q>[\"'])(?P<a>[A-Za-z_]\w{0,80})=(?P<x>(?:(?!(?P=q))[^\n]){0,4096})(?P=q)"
    r"|(?P<b>[A-Za-z_]\w{0,80})=(?P<r>[\"']?)(?P<y>(?:(?<=[\"'])[^\"'\n]{0,4096}|[^\s,\"']+))"
)
CRYPT = re.compile(
    r"\$(?:1|2[abxy]|5|6|7|y|gy|apr1|argon2\w{0,2}|pbkdf2[\w-]{0,12}|scrypt)\$[\w./$=,+-]{16,}"
)
SSHA = re.compile(r"\{(?:S?SHA\d{0,3}|S?MD5|CRYPT)\}[A-Za-z0-9+/=$.]{16,}")
TELEGRAM = re.compile(r"(?<!\d)\d{8,10}:AA[A-Za-z0-9_-]{32,}")
AZURE = re.compile(r"[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,}")
COMMANDS = (
    (("sshpass",), re.compile(r"(\bsshpass[ \t]+-p[ \t]*[\"']?)([^\s\"']+)")),
    (
        ("-u", "--user", "-user"),
        re.compile(
            r"((?:[ \t]-u|--user|--proxy-user)[ \t=]?[\"']?[^\s:\"'/]{1,64}:)([^\s\"'/@]{3,})"
        ),
    ),
    (
        ("mysql", "mariadb"),
        re.compile(r"(\b(?:mysql|mariadb)[\w-]{0,12}\b[^\n|;]{0,200}?[ \t]-p)([^\s]{3,})"),
    ),
    (("redis-cli",), re.compile(r"(\bredis-cli\b[^\n|;]{0,200}?[ \t]-a[ \t]+)([^\s]+)")),
    (
        ("dentified", "DENTIFIED"),
        re.compile(r"(?i)(\bidentified[ \t]+by[ \t]+(?:password[ \t]+)?['\"])([^'\"\n]+)"),
    ),
    (("login",), re.compile(r"(\blogin[ \t]+[^\s]{1,100}\s+password[ \t]+)([^\s]+)")),
)
"""Commands and statements with a password, by a word that they have."""


def masked(text: str) -> str:
    """Return a text in which everything with the shape of a secret is replaced by `***`."""
    if len(text) < SHORT:
        return text
    for words, rule in RULES:
        if any(word in text for word in words):
            text = rule(text)
    return _pairs(text)


SHORT = 8
"""A shorter text has no room for a name and its value, or for a key."""


def masked_data(value: Any) -> Any:  # noqa: ANN401 - any JSON in, the same out
    """Return the same JSON, each text masked."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {masked(str(key)): masked_data(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked_data(item) for item in value]
    return value


def _pairs(text: str) -> str:
    """Return a text without the values of names like `password`."""
    parts, begun = [], 0
    for begin, end in spans(text):
        parts += [text[begun:begin], MARK]
        begun = end
    return "".join([*parts, text[begun:]]) if parts else text


def _urls(text: str) -> str:
    return URL.sub(_url, text)


def _url(told: Match[str]) -> str:
    """Return an address without its password; a user that is a token goes as well."""
    rest = told[2]
    if told[1].startswith("%"):
        rest = re.sub("%40", "@", rest)
    authority = AUTHORITY.match(rest)
    end = authority.end() if authority else 0
    head = rest[:end]
    if "@" not in head:
        colon = head.find(":")
        port = re.match(r"\d{1,5}(?![^/?#\s,;)\]}&])", head[colon + 1 :]) if colon >= 0 else None
        if colon < 0 or port or "@" not in rest:
            return told[0]
        end, head = len(rest), rest
    elif ":" in head.partition("@")[0]:  # a password with a slash: to the last sign that ends one
        more = re.match(r"(?:[^?#]*[^/?#])?(?=@)", rest)
        end = max(end, more.end()) if more and more.end() > end else end
        path = AUTHORITY.match(rest, end)
        end = path.end() if path else end
        head = rest[:end]
    user, at, host = head.rpartition("@")
    parts = USERINFO.match(user)
    if not parts:
        hidden = MARK if is_token(user) else user
    else:
        hidden = f"{MARK if is_token(parts[1]) else parts[1]}{parts[2]}{MARK if parts[3] else ''}"
    return f"{told[1]}{hidden}{at}{host}{rest[end:]}"


def is_token(user: str) -> bool:
    """Return whether the user of an address is a token: long, with letters and digits."""
    return bool(TOKEN.fullmatch(user))


def _bearer(text: str) -> str:
    def hidden(told: Match[str]) -> str:
        word = told[3].lower().rstrip(".")
        plain = word in ORDINARY or (
            word.isalpha() and word == told[3].rstrip(".") and not word[15:]
        )
        return told[0] if plain else f"{told[1]}{told[2]}{MARK}"

    return BEARER.sub(hidden, text)


def _basic(text: str) -> str:
    def hidden(told: Match[str]) -> str:
        try:
            plain = binascii.a2b_base64(told[3].replace("-", "+").replace("_", "/") + "===")
        except binascii.Error:
            return told[0]
        return f"{told[1]}{told[2]}{MARK}" if b":" in plain else told[0]

    return BASIC.sub(hidden, text)


def _headers(text: str) -> str:
    """Return a text without what headers give: the scheme stays, and all behind it goes."""
    parts, begun = [], 0
    for told in HEADER.finditer(text):
        if told.start() < begun:
            continue
        at = told.end()
        while text[at : at + 1] in {"\\", '"', "'"} and at < told.end() + 6:
            at += 1
        quote = text[at - 1] if at > told.end() else told[2].strip()[-1:].strip(":=,\\")
        scheme = SCHEME.match(text, at)
        at = scheme.end() if scheme else at
        rest = (REST.get(quote or (scheme[1].lower() if scheme else "")) or REST[""]).match(
            text, at
        )
        words = rest[0].strip() if rest else ""
        first = words.split(" ", 1)[0].lower().rstrip(".,;:")
        if rest and words != MARK and first not in ORDINARY and words[2:]:
            parts += [text[begun:at], MARK]
            begun = rest.end()
    return "".join([*parts, text[begun:]]) if parts else text


def _environment(text: str) -> str:
    """Return unit files in which variables that no rule for names knows are hidden as well."""

    def one(told: Match[str]) -> str:
        name, said = told["a"] or told["b"], told["x"] if told["a"] else told["y"]
        plain = said == MARK or not is_secret(name, said, frozenset())
        return told[0] if plain else told[0].replace(said, MARK)

    return UNIT.sub(lambda line: f"{line[1]}{ASSIGNED.sub(one, line[2])}", text)


def _links(text: str) -> str:
    for link in LINKS:
        if link in text:
            text = _after(link).sub(lambda told: f"{told[1]}{MARK}", text)
    return text


@functools.lru_cache(maxsize=None)
def _after(link: str) -> Pattern[str]:
    return re.compile(rf"({re.escape(link)})[^\s\"'<>\\)]{{6,}}")


CUT = 12
"""Letters behind a beginning that is no word, of a key that was cut."""

PLAIN_WORDS = frozenset(["secret_", "AKIA", "shippo_", "duffel_"])
"""Beginnings that names of other things have as well."""


def _prefixed(text: str) -> str:
    for prefix in PREFIXES:
        if prefix in text:
            text = _beginning(prefix).sub(_key, text)
    return text


def _key(told: Match[str]) -> str:
    """Return `***` for a key; a word of a language that begins like one is none."""
    said = told[0]
    return (
        said if (said.isalpha() and said.islower()) or not re.search(r"\d|[A-Z]{2}", said) else MARK
    )


@functools.lru_cache(maxsize=None)
def _beginning(prefix: str) -> Pattern[str]:
    least, letters = PREFIXES[prefix]
    if prefix[4:] and prefix not in PLAIN_WORDS:
        least = min(least, CUT)  # also of one that was cut
    start = re.escape(prefix)
    end = (
        "" if letters == WORDS or prefix[4:] else "(?![A-Za-z0-9])"
    )  # a short one is in many words
    return re.compile(rf"{start}(?<![A-Za-z0-9]{start})[{letters}]{{{least},}}{end}")


def _sub(rule: Pattern[str]) -> Callable[[str], str]:
    return lambda text: rule.sub(MARK, text)


def _second(rule: Pattern[str]) -> Callable[[str], str]:
    """Return what masks the second group of an expression, where it is no number."""
    return lambda text: rule.sub(
        lambda told: told[0] if told[2].isdigit() or told[2] == MARK else f"{told[1]}{MARK}", text
    )


RULES: Tuple[Rule, ...] = (
    (("-----BEGIN",), _sub(PEM)),
    (("PuTTY-User-Key",), lambda text: PUTTY.sub(rf"\1 {MARK}", text)),
    (("://", ":\\/\\/", "%3A%2F%2F", "%3a%2f%2f"), _urls),
    (tuple(LINKS), _links),
    (("eyJ",), _sub(JWT)),
    (("uthorization", "UTHORIZATION", "ookie", "OOKIE", "x-", "X-"), _headers),
    (("earer", "EARER", "pikey ", "piKey ", "egotiate", "NTLM"), _bearer),
    (("asic ", "ASIC ", "asic+", "asic%20"), _basic),
    (("nvironment",), _environment),
    (("$",), _sub(CRYPT)),
    (("{S", "{M", "{C"), _sub(SSHA)),
    ((":AA",), _sub(TELEGRAM)),
    (("Q~",), _sub(AZURE)),
    *((words, _second(rule)) for words, rule in COMMANDS),
    (tuple(PREFIXES), _prefixed),
)
"""Rules, each with what a text holds that it is for."""
