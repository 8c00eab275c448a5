"""Value normalisation: decode everything an application might decode, once, and flag what was odd.

This file is the specification; `models/Features/ValueNormalizer.cs` implements the same and both are held
equal by `models/Features/golden/normalize.jsonl`. Every step keeps or shortens the value, so that the other
side can work in place.

Input: one value as its container delivers it (a query parameter after its one URL decoding, a JSON string
after unescaping, a raw header value). Steps:

1. of more than VALUE_BYTES_MAX bytes: the head, the tail and pieces at equal distances between, a space before each (flag TRUNCATED)
2. up to ROUNDS_MAX rounds, until nothing changes: base64 (once, whole value), percent, HTML entities,
   backslash escapes, byte fix-ups (NUL, overlong UTF-8, full-width forms, typographic quotes)
3. flag SERIALIZED, while case and separators are still there; comments and shell word gaps become a space
4. ASCII lower case; white space and control bytes become single spaces, trimmed; a run with a line break in it becomes one line feed
   where a header's name and a colon follow (header injection)
"""

import base64
import re

VALUE_BYTES_MAX = 128 << 10
HEAD_BYTES = 64 << 10
TAIL_BYTES = (32 << 10) - 1
PIECES = 32
PIECE_BYTES = 1023
ROUNDS_MAX = 4
BASE64_BYTES_MIN = 16

FLAG_NAMES = (
    "percent",            # 0 a percent escape was left after the container's decoding
    "percent_u",          # 1 %uXXXX
    "percent_malformed",  # 2 a percent sign that starts no escape
    "entity",             # 3 HTML entity
    "backslash",          # 4 \xHH, \uHHHH, \u{H}
    "overlong",           # 5 overlong UTF-8 of an ASCII character
    "fullwidth",          # 6 full-width form of an ASCII character
    "nul",                # 7 NUL byte (removed)
    "base64",             # 8 the whole value was base64 of text
    "comment",            # 9 /*...*/ or /*!00000
    "shell_gap",          # 10 $IFS and the like
    "control",            # 11 control byte other than tab, line feed, carriage return
    "rounds",             # 12 two or more rounds changed the value
    "truncated",          # 13 not all of the value was read
    "serialized",         # 14 a serialised object of Java, .NET or Python begins in it
)
FLAGS = len(FLAG_NAMES)
(PERCENT, PERCENT_U, PERCENT_MALFORMED, ENTITY, BACKSLASH, OVERLONG, FULLWIDTH, NUL, BASE64, COMMENT,
 SHELL_GAP, CONTROL, ROUNDS, TRUNCATED, SERIALIZED) = (1 << i for i in range(FLAGS))

ENTITIES = {
    b"lt": b"<", b"gt": b">", b"amp": b"&", b"quot": b'"', b"apos": b"'", b"nbsp": b" ", b"tab": b"\t",
    b"newline": b"\n", b"colon": b":", b"lpar": b"(", b"rpar": b")", b"sol": b"/", b"bsol": b"\\",
    b"equals": b"=", b"semi": b";", b"comma": b",", b"period": b".", b"lsqb": b"[", b"rsqb": b"]",
    b"lbrack": b"[", b"rbrack": b"]", b"lcub": b"{", b"rcub": b"}", b"lbrace": b"{", b"rbrace": b"}",
    b"grave": b"`", b"num": b"#", b"dollar": b"$", b"percnt": b"%", b"excl": b"!", b"plus": b"+",
    b"ast": b"*", b"hyphen": b"-", b"commat": b"@", b"verbar": b"|", b"vert": b"|", b"lowbar": b"_",
}

_PERCENT_RE = re.compile(rb"%(?:[uU]([0-9a-fA-F]{4})|([0-9a-fA-F]{2}))?")
_ENTITY_RE = re.compile(rb"&(?:#[xX]([0-9a-fA-F]{1,6});?|#([0-9]{1,7});?|([a-zA-Z]{2,7});)")
_BACKSLASH_RE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\})")
_FIX_RE = re.compile(
    rb"\x00|[\xc0\xc1][\x80-\xbf]|\xe0[\x80\x81][\x80-\xbf]|\xef\xbc[\x81-\xbf]|\xef\xbd[\x80-\x9e]"
    rb"|\xe2\x80[\x98\x99\x9c\x9d]|\xca\xbc")
_NEEDS_FIX_RE = re.compile(rb"[\x00\xc0\xc1\xe0\xe2\xef\xca]")
_COMMENT_RE = re.compile(rb"/\*![0-9]{0,6}|/\*[^*]{0,64}\*/")
_GAP_RE = re.compile(rb"\$(?:\{[iI][fF][sS][^}]{0,16}\}|[iI][fF][sS](?:\$[0-9@*])?)")
_CONTROL_RE = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")
_HEADER_LINE_RE = re.compile(rb"[a-z][a-z0-9-]{1,30}:")
_SPACE_RE = re.compile(rb"(?:[\x01-\x20\x7f]|\xc2\xa0|\xe3\x80\x80)+")
_BASE64_RE = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}\Z")
_TEXT_RE = re.compile(rb"[\x09\x0a\x0d\x20-\x7e]+\Z")
_ALNUM_RE = re.compile(rb"[A-Za-z0-9]+\Z")
_PLAIN_RE = re.compile(rb"[a-z0-9_.-]*\Z")
# Case is part of these; lower case comes later. At the value's start or behind a byte that ends a name or a segment.
_SERIALIZED_RE = re.compile(
    rb"(?:\A|[/=\"' ,:;&\[({])(?:rO0AB|aced0005|ACED0005|\xac\xed\x05|KztAAU|Cs7QAF|AAEAAAD/////|AAEAAAD_____|gASV|gAWV|gAJ[9cdj]|gAN[9cdj]|/wE[xy])")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def utf8(code: int) -> bytes:
    """UTF-8 of a code point; the replacement character for NUL, surrogates and what lies beyond Unicode."""
    if code == 0:
        return b"\x00"
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        return b"\xef\xbf\xbd"
    return chr(code).encode("utf-8")


class _Pass:
    """Collects the flags of one value while its substitutions run."""

    __slots__ = ("flags",)

    def __init__(self) -> None:
        self.flags = 0

    def percent(self, m: "re.Match[bytes]") -> bytes:
        if m[2] is not None:
            self.flags |= PERCENT
            return bytes((int(m[2], 16),))
        if m[1] is not None:
            self.flags |= PERCENT_U
            return utf8(int(m[1], 16))
        self.flags |= PERCENT_MALFORMED
        return b"%"

    def entity(self, m: "re.Match[bytes]") -> bytes:
        if m[1] is not None:
            code = utf8(int(m[1], 16))
        elif m[2] is not None:
            code = utf8(int(m[2]))
        else:
            code = ENTITIES.get(m[3].lower())
            if code is None:
                return m[0]
        self.flags |= ENTITY
        return code

    def backslash(self, m: "re.Match[bytes]") -> bytes:
        self.flags |= BACKSLASH
        if m[1] is not None:
            return bytes((int(m[1], 16),))
        return utf8(int(m[2] or m[3], 16))

    def fix(self, m: "re.Match[bytes]") -> bytes:
        b = m[0]
        first = b[0]
        if first == 0:
            self.flags |= NUL
            return b""
        if first in (0xC0, 0xC1):
            self.flags |= OVERLONG
            return bytes((((first & 1) << 6) | (b[1] & 0x3F),))
        if first == 0xE0:
            self.flags |= OVERLONG
            return bytes((((b[1] & 1) << 6) | (b[2] & 0x3F),))
        if first == 0xEF:
            self.flags |= FULLWIDTH
            return bytes(((b[2] - 0x81 + 0x21) if b[1] == 0xBC else (b[2] - 0x80 + 0x60),))
        if first == 0xE2:
            return b"'" if b[2] in (0x98, 0x99) else b'"'
        return b"'"

    def comment(self, m: "re.Match[bytes]") -> bytes:
        self.flags |= COMMENT
        return b" "

    def gap(self, m: "re.Match[bytes]") -> bytes:
        self.flags |= SHELL_GAP
        return b" "


def _gap(m: "re.Match[bytes]") -> bytes:
    """A space; a line feed where a header line begins."""
    space = m[0]
    return b"\n" if (b"\n" in space or b"\r" in space) and _HEADER_LINE_RE.match(m.string, m.end()) else b" "


def _base64_text(value: bytes) -> "bytes | None":
    if len(value) < BASE64_BYTES_MIN or not _BASE64_RE.match(value):
        return None
    digits = value.rstrip(b"=").translate(_URL_SAFE)
    if len(digits) % 4 == 1:
        return None
    text = base64.b64decode(digits + b"=" * (-len(digits) % 4))
    return text if _TEXT_RE.match(text) and not _ALNUM_RE.match(text) else None


def sample(value: bytes) -> bytes:
    """What is read of a value: all of it, or VALUE_BYTES_MAX bytes in head, pieces and tail."""
    if len(value) <= VALUE_BYTES_MAX:
        return value
    span = len(value) - HEAD_BYTES - TAIL_BYTES - PIECE_BYTES
    starts = (HEAD_BYTES + i * span // (PIECES - 1) for i in range(PIECES))
    pieces = [value[:HEAD_BYTES], *(value[at:at + PIECE_BYTES] for at in starts), value[-TAIL_BYTES:]]
    return b" ".join(pieces)


def unread(value: bytes) -> int:
    """How many bytes of a value are not looked at."""
    return 0 if len(value) <= VALUE_BYTES_MAX else len(value) - HEAD_BYTES - TAIL_BYTES - PIECES * PIECE_BYTES


def normalize(value: bytes) -> "tuple[bytes, int]":
    """The normalised value and its flags (bit i = FLAG_NAMES[i])."""
    run = _Pass()
    if len(value) > VALUE_BYTES_MAX:
        value = sample(value)
        run.flags |= TRUNCATED
    changed_rounds = 0
    for _ in range(ROUNDS_MAX):
        before = value
        if not run.flags & BASE64:
            text = _base64_text(value)
            if text is not None:
                value = text
                run.flags |= BASE64
        if b"%" in value:
            value = _PERCENT_RE.sub(run.percent, value)
        if b"&" in value:
            value = _ENTITY_RE.sub(run.entity, value)
        if b"\\" in value:
            value = _BACKSLASH_RE.sub(run.backslash, value)
        if _NEEDS_FIX_RE.search(value):
            value = _FIX_RE.sub(run.fix, value)
        if value == before:
            break
        changed_rounds += 1
    if changed_rounds >= 2:
        run.flags |= ROUNDS
    if _SERIALIZED_RE.search(value):
        run.flags |= SERIALIZED
    if b"/*" in value:
        value = _COMMENT_RE.sub(run.comment, value)
    if b"$" in value:
        value = _GAP_RE.sub(run.gap, value)
    if _CONTROL_RE.search(value):
        run.flags |= CONTROL
    return _SPACE_RE.sub(_gap, value.lower()).strip(b" "), run.flags


def is_plain(normalized: bytes, flags: int) -> bool:
    """Lone words, numbers and identifiers: nothing to score. `..` and every flag but base64's absence count as odd."""
    return flags == 0 and len(normalized) <= 64 and b".." not in normalized and bool(_PLAIN_RE.match(normalized))
