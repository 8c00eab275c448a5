"""A request as sequences of tokens: method, path, query, headers and body are cut into subwords apart and joined.

    [CLS] POST <PATH> … [SEP] <QUERY> <PARAM_VALUE> … <PARAM_VALUE> … [SEP] <USER_AGENT> … [SEP] <JSON> … [SEP]

Each value is normalised (normalize.py), its flags are tokens before it. Values that are plain words or numbers say
nothing and are left out, long ones that are opaque (a JSON web token, a hash, a token) are one placeholder. What is
longer than a sequence goes on in another, which begins with the method and the marker of the value it is in and
repeats OVERLAP tokens, so that whatever is written around an attack cannot push it out of sight. What exceeds
SEQUENCES_MAX is not read, and the caller is told how much that is.

`models/Features/RequestSequencer.cs` is the same in C#.
"""

import re
from typing import NamedTuple

from .normalize import (
    BACKSLASH,
    BASE64,
    ENTITY,
    FLAGS,
    FULLWIDTH,
    NUL,
    OVERLONG,
    PERCENT,
    PERCENT_MALFORMED,
    PERCENT_U,
    ROUNDS,
    is_plain,
    normalize,
)
from .parts import parts
from .readers import Request
from .subwords import CLS, METHODS, SEP, SPECIAL, Subwords

LENGTHS = (128, 256, 512)
OVERLAP = 16
SEQUENCES_MAX = 32
PLACEHOLDER_BYTES_MIN = 65  # shorter ones of these bytes are plain

_ID = {name: i for i, name in enumerate(SPECIAL)}
_SECTIONS = {"path": 0, "query": 1, "cookie": 2, "header": 2, "form": 3, "json": 3, "xml": 3, "multipart": 3, "body": 3}
_MARKERS = {
    "path": "<PATH>",
    "query": "<PARAM_VALUE>",
    "cookie": "<COOKIE>",
    "header": "<HEADER>",
    "form": "<FORM>",
    "json": "<JSON>",
    "xml": "<XML>",
    "multipart": "<MULTIPART>",
    "body": "<BODY>",
    "name": "<PARAM_NAME>",
}
_HEADERS = {"user-agent": "<USER_AGENT>", "referer": "<REFERER>", "content-type": "<CONTENT_TYPE>"}
_QUERY = 1
_ENCODED = PERCENT | PERCENT_U | ENTITY | BACKSLASH | BASE64 | ROUNDS
_OBFUSCATED = PERCENT_MALFORMED | OVERLONG | FULLWIDTH | NUL
_JWT_RE = re.compile(rb"ey[a-z0-9_-]+\.[a-z0-9_-]+\.[a-z0-9_-]*\Z")
_HASH_RE = re.compile(rb"[0-9a-f]+\Z")
_TOKEN_RE = re.compile(rb"[a-z0-9_-]*[0-9][a-z0-9_-]*\Z")


class Value(NamedTuple):
    """One normalised value: where it stood, the marker that says so, its flags."""

    section: int
    marker: int
    flags: int
    text: bytes


class Sequences(NamedTuple):
    """Token rows without padding, and how many tokens of the request are in none of them."""

    rows: "list[list[int]]"
    unread: int


def placeholder(text: bytes, flags: int) -> int:
    """The token that stands for a long opaque value, or -1."""
    if flags or len(text) < PLACEHOLDER_BYTES_MIN:
        return -1
    if _JWT_RE.match(text):
        return _ID["<JWT>"]
    if _HASH_RE.match(text):
        return _ID["<HASH>"]
    return _ID["<AUTH_TOKEN>"] if _TOKEN_RE.match(text) else -1


def values(request: Request, memo: "dict | None" = None) -> "list[Value]":
    """The values of a request in the order of their sections. `memo` keeps what was normalised before."""
    out = []
    memo = {} if memo is None else memo
    for part in parts(request):
        is_name = part.kind == "name"
        key = part.value
        known = memo.get(key)
        if known is None:
            known = memo[key] = normalize(part.value)
        text, flags = known
        if is_plain(text, flags) and not is_name:
            continue
        marker = _HEADERS.get(part.name) if part.kind == "header" else None
        section = _SECTIONS.get(part.name if is_name else part.kind, 3)
        out.append(Value(section, _ID[marker or _MARKERS[part.kind]], flags, text))
    return out


def build(method: str, content: "list[Value]", subwords: Subwords, length: int, most: int = SEQUENCES_MAX) -> Sequences:
    """The token rows of a request, each of at most `length` tokens."""
    lead = [CLS, _ID[method] if method in METHODS else _ID["<HTTP_METHOD>"]]
    stream: "list[int]" = []
    markers: "list[int]" = []  # the marker of the value that each token is in
    section = content[0].section if content else 0
    for value in content:
        if value.section != section:
            stream.append(SEP)
            markers.append(value.marker)
        if value.section == _QUERY and (section != _QUERY or not stream):
            stream.append(_ID["<QUERY>"])
            markers.append(value.marker)
        section = value.section
        stream.append(value.marker)
        stream += _flag_tokens(value.flags)
        token = placeholder(value.text, value.flags)
        stream += [token] if token >= 0 else subwords.encode(value.text)
        markers += [value.marker] * (len(stream) - len(markers))
    return _cut(lead, stream, markers, length, most)


def _flag_tokens(flags: int) -> "list[int]":
    out = [_ID[f"<FLAG_{i}>"] for i in range(FLAGS) if flags >> i & 1]
    if flags & _ENCODED:
        out.append(_ID["<ENCODED_PAYLOAD>"])
    if flags & _OBFUSCATED:
        out.append(_ID["<OBFUSCATED>"])
    return out


def _cut(lead: "list[int]", stream: "list[int]", markers: "list[int]", length: int, most: int) -> Sequences:
    room = length - len(lead) - 1
    rows = [lead + stream[:room] + [SEP]]
    done = room
    while done < len(stream) and len(rows) < most:
        start = done - OVERLAP
        done = start + room - 1
        rows.append(lead + [markers[start]] + stream[start:done] + [SEP])
    return Sequences(rows, max(0, len(stream) - done))


def tokens(request: Request, subwords: Subwords, length: int) -> Sequences:
    """The token rows of a request as it was recorded."""
    return build(request.method, values(request), subwords, length)
