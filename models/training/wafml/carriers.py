"""Where a value travels in a request, and encodings for judging that training does not use."""

import json
import random
from typing import Callable
from urllib.parse import quote, quote_plus

from .parts import parts
from .readers import Request

CARRIERS = ("query", "form", "json", "multipart", "cookie", "header", "path", "xml")


def request(carrier: str, value: bytes) -> Request:
    """One that carries the value and otherwise nothing odd."""
    headers = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0", "Accept": "*/*"}
    uri, body, text = "/items", None, value.decode("latin-1")
    if carrier == "query":
        uri = f"/items?q={quote(value, safe='')}&page=2"
    elif carrier == "path":
        uri = "/items/" + quote(value, safe="/")
    elif carrier == "form":
        headers["Content-Type"], body = "application/x-www-form-urlencoded", f"q={quote_plus(value)}&page=2"
    elif carrier == "json":
        headers["Content-Type"], body = "application/json", json.dumps({"q": value.decode("utf-8", "replace"), "page": 2})
    elif carrier == "multipart":
        headers["Content-Type"] = "multipart/form-data; boundary=----b7d1"
        body = f'------b7d1\r\nContent-Disposition: form-data; name="q"\r\n\r\n{value.decode("utf-8", "replace")}\r\n------b7d1--\r\n'
    elif carrier == "xml":
        escaped = value.decode("utf-8", "replace").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        headers["Content-Type"], body = "application/xml", f"<item><q>{escaped}</q><page>2</page></item>"
    elif carrier == "cookie":
        headers["Cookie"] = "lang=en; q=" + quote(value, safe="")
    else:
        headers["X-Search"] = text.replace("\r", " ").replace("\n", " ")
    return Request("POST" if body else "GET", uri, headers, body, 1, "judge")


def values(carrier: str, value: bytes) -> "list[bytes]":
    """The raw values of that request that are scored."""
    return [part.value for part in parts(request(carrier, value))]


def _thrice(value: bytes, rng: random.Random) -> bytes:
    out = quote(value, safe="")
    return quote(quote(out)).encode()


def _mixed(value: bytes, rng: random.Random) -> bytes:
    """Some bytes as they are, some escaped once, some twice."""
    forms = ("{}", "%{:02x}", "%25{:02X}")
    return b"".join(bytes((b,)) if (form := rng.choice(forms)) == "{}" else form.format(b).encode() for b in value)


def _hex_entities(value: bytes, rng: random.Random) -> bytes:
    return b"".join(f"&#X{b:X};".encode() if b in b"<>\"'()=/ " else bytes((b,)) for b in value)


def _letters(value: bytes, rng: random.Random) -> bytes:
    return b"".join(f"\\u{b:04X}".encode() if 0x61 <= b <= 0x7A and rng.random() < 0.5 else bytes((b,)) for b in value)


def _lines(value: bytes, rng: random.Random) -> bytes:
    return value.replace(b" ", b"\n\t \n")


def _remarks(value: bytes, rng: random.Random) -> bytes:
    return value.replace(b" ", b"/*_-_*//**/")


def _cases(value: bytes, rng: random.Random) -> bytes:
    return bytes(b - 32 if 0x61 <= b <= 0x7A and rng.random() < 0.5 else b for b in value)


ENCODINGS: "dict[str, Callable[[bytes, random.Random], bytes]]" = {
    "none": lambda value, rng: value, "escaped three times": _thrice, "mixed escapes": _mixed, "entities": _hex_entities, "escaped letters": _letters,
    "line feeds": _lines, "comments": _remarks, "mixed case": _cases}
