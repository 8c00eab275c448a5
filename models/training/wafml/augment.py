"""Encodings that attackers use, put on attacks and on harmless values alike, so that an encoding is no label."""

import base64
import random
import re
from typing import Callable

_SPECIAL = frozenset(b" \"'<>()/\\;=&|`${}%#+*,:.!?-[]@^~\r\n\t")


def _specials(value: bytes, encode: "Callable[[int], str]") -> bytes:
    return b"".join(encode(b).encode() if b in _SPECIAL else bytes((b,)) for b in value)


def _ascii(value: bytes, encode: "Callable[[int], str]", rng: random.Random, share: float) -> bytes:
    return b"".join(encode(b).encode() if b < 0x80 and rng.random() < share else bytes((b,)) for b in value)


def _percent(value: bytes, rng: random.Random) -> bytes:
    return _specials(value, lambda b: f"%{b:02x}")


def _percent_twice(value: bytes, rng: random.Random) -> bytes:
    return _percent(value, rng).replace(b"%", b"%25")


def _percent_all(value: bytes, rng: random.Random) -> bytes:
    return _ascii(value, lambda b: f"%{b:02X}", rng, 1.0)


def _percent_u(value: bytes, rng: random.Random) -> bytes:
    return _specials(value, lambda b: f"%u{b:04x}")


def _entities(value: bytes, rng: random.Random) -> bytes:
    form = rng.choice(("&#{};", "&#x{:x};", "&#{:07d}"))
    return _specials(value, form.format)


def _backslash(value: bytes, rng: random.Random) -> bytes:
    form = rng.choice(("\\x{:02x}", "\\u{:04x}"))
    return _specials(value, form.format)


def _fullwidth(value: bytes, rng: random.Random) -> bytes:
    return _ascii(value, lambda b: chr(b + 0xFEE0) if 0x21 <= b <= 0x7E else chr(b), rng, 0.5)


def _overlong(value: bytes, rng: random.Random) -> bytes:
    return b"".join(bytes((0xC0 | b >> 6, 0x80 | b & 0x3F)) if b in b"./'<\\\"" else bytes((b,)) for b in value)


def _nul(value: bytes, rng: random.Random) -> bytes:
    at = rng.randint(0, len(value))
    return value[:at] + b"\x00" + value[at:]


def _comments(value: bytes, rng: random.Random) -> bytes:
    gap = rng.choice((b"/**/", b"/*" + bytes(rng.choices(b"abcdefgh", k=4)) + b"*/", b"/*!*/"))
    return value.replace(b" ", gap)


def _white(value: bytes, rng: random.Random) -> bytes:
    return value.replace(b" ", rng.choice((b"\t", b"\n", b"\r\n", b"\x0b", b"\x0c", b"\xa0", b"  ", b"\x01")))


def _plus(value: bytes, rng: random.Random) -> bytes:
    return value.replace(b" ", b"+")


def _base64(value: bytes, rng: random.Random) -> bytes:
    return base64.b64encode(value)


_ROUTES = ("/api/", "/api/v1/", "/api/{w}/", "/{w}/", "/{w}/{w}/", "/{w}/{w}/{w}/", "/search/", "/products/", "/users/", "/admin/{w}/", "/{w}.php/", "/{w}/{n}/", "/wp-json/{w}/v2/",
           "/blog/{w}-{w}/", "/static/{w}.{w}/", "/{w}-{w}/", "/v{n}/{w}/", "/en/{w}/", "/rest/{w}/{w}/", "/{w}/view/")


def _route(value: bytes, rng: random.Random) -> bytes:
    """As the last segment of a path."""
    route = re.sub(r"\{w\}", lambda _: "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 9))), rng.choice(_ROUTES))
    return route.replace("{n}", str(rng.randint(1, 9999))).encode() + value


def _wrap(value: bytes, rng: random.Random) -> bytes:
    word = bytes(rng.choices(b"abcdefghijklmnopqrstuvwxyz0123456789", k=rng.randint(1, 9)))
    return rng.choice((word + value, word + b" " + value, value + word, value + b" " + word, word + b"=" + value, b'"' + value + b'"',
                       b"/" + value, word + b"/" + value, value + b"." + word, word + b" " + word + b" " + value + b" " + word))


ENCODINGS = (_percent, _percent, _percent_twice, _percent_all, _percent_u, _entities, _backslash, _fullwidth, _overlong, _nul,
             _comments, _comments, _white, _white, _plus, _plus, _base64, _wrap, _wrap, _wrap, _route, _route, _route)


def carried(value: bytes, carrier: bytes, rng: random.Random) -> bytes:
    """The value behind, before or within harmless text: what an attacker appends to what a form expects."""
    gap = rng.choice((b"", b" ", b" ", b". ", b", ", b"\n", b"=", b"/", b"; "))
    where = rng.random()
    if where < 0.7:
        return carrier + gap + value
    middle = carrier.find(b" ", len(carrier) // 2)
    return value + gap + carrier if where < 0.85 or middle < 0 else carrier[:middle] + gap + value + carrier[middle:]


def augment(value: bytes, rng: random.Random) -> bytes:
    """The value under one or two encodings."""
    value = rng.choice(ENCODINGS)(value, rng)
    return rng.choice(ENCODINGS)(value, rng) if rng.random() < 0.3 else value
