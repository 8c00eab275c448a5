"""The parts of a request that are scored one by one, as the sidecar's canonical request names them.

Each value is decoded once, the way its container says; `normalize` does the rest.
"""

import json
import re
from typing import Iterator, NamedTuple

from .readers import Request

PARTS_MAX = 256
JSON_DEPTH_MAX = 32


class Part(NamedTuple):
    kind: str  # path, query, form, json, xml, multipart, body, cookie, header, name
    name: str
    value: bytes


# Headers hold names of clients, types and URLs; only one with a byte that its kind does not need is scored. Of applications' own, all but plain words.
_HEADER_ODD = rb"\x00-\x08\x0a-\x1f<>{}$'\"`|\\"
_FREE_ODD_RE = re.compile(rb"[%s]|\.\.|%%[uU][0-9a-fA-F]{4}" % _HEADER_ODD)
_AGENT_ODD_RE = re.compile(rb"[%s=#*^&!]|\.\.|%%[uU][0-9a-fA-F]{4}" % _HEADER_ODD)
_OTHER_ODD_RE = re.compile(rb"[^A-Za-z0-9.:,_=+ -]|\.\.")
_ADDRESS_ODD_RE = re.compile(rb"[^A-Za-z0-9.:,_\-\[\]/ ]|\.\.")

# Values made of URLs, types and lists, in which all of ( ) * # & ! are usual.
FREE_HEADERS = frozenset((
    "referer", "accept", "cache-control", "origin", "via", "pragma", "range", "from", "expect", "trailer", "priority", "link", "prefer",
    "x-requested-with", "traceparent", "tracestate", "baggage"))
FREE_PREFIXES = ("accept-", "content-", "sec-", "if-", "access-control-")

# Proxies write addresses, host names and paths here, and applications trust them.
ADDRESS_HEADERS = frozenset((
    "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-forwarded-server", "x-real-ip", "x-client-ip",
    "client-ip", "true-client-ip", "cf-connecting-ip", "x-originating-ip", "x-remote-ip", "x-remote-addr", "x-cluster-client-ip", "x-host",
    "x-original-url", "x-rewrite-url", "x-http-host-override", "x-http-method-override", "x-wap-profile"))

# Never scored: routing, credentials, hop-by-hop and validators (which are quoted).
HEADERS_SKIPPED = frozenset((
    "host", "cookie", "connection", "content-length", "date", "upgrade", "transfer-encoding", "te", "if-none-match",
    "if-modified-since", "if-match", "etag", "sec-websocket-key"))

_PLAIN_NAME_RE = re.compile(rb"[A-Za-z0-9_.\-\[\]:]{0,64}\Z")
NAME_DOTS_MIN = 2
_PERCENT_RE = re.compile(rb"%([0-9a-fA-F]{2})")
_XML_RE = re.compile(rb"<!\[CDATA\[(.*?)\]\]>|<[/!?]?[A-Za-z_:]((?:\"[^\"]*\"|'[^']*'|[^<>\"'])*)>|([^<>]+)", re.S)
_ATTRIBUTE_RE = re.compile(rb"[\w:.\-]+\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_DOCTYPE_RE = re.compile(rb"<!DOCTYPE.*?(?:\]\s*>|(?=<[A-Za-z_])|\Z)", re.S | re.I)
_DISPOSITION_RE = re.compile(rb"content-disposition:[^\r\n]*", re.I)
_QUOTED_RE = re.compile(rb"\b(name|filename)\*?=(?:\"([^\"]*)\"|([^;\s]*))", re.I)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else str(text).encode()


def percent_decode(value: bytes, plus: bool = False) -> bytes:
    if plus:
        value = value.replace(b"+", b" ")
    if b"%" not in value:
        return value
    return _PERCENT_RE.sub(lambda m: bytes((int(m[1], 16),)), value)


def parts(request: Request) -> "list[Part]":
    """All scored parts, at most PARTS_MAX."""
    out = []
    for part in _all_parts(request):
        out.append(part)
        if len(out) == PARTS_MAX:
            break
    return out


def _all_parts(request: Request) -> Iterator[Part]:
    path, mark, query = _bytes(request.uri).partition(b"?")
    yield Part("path", "", percent_decode(path))
    if mark:
        yield from _pairs("query", query)
    content_type = ""
    for name, value in request.headers.items():
        lower = name.lower()
        raw = _bytes(value)
        if lower == "content-type":
            content_type = value
        if lower == "cookie":
            yield from _cookies(raw)
        elif lower not in HEADERS_SKIPPED:
            decoded = percent_decode(raw)
            if is_odd_header(lower, raw) or is_odd_header(lower, decoded):
                yield Part("header", lower, decoded)
    if request.body:
        yield from body_parts(_bytes(request.body), content_type)


def is_odd_header(lower: str, value: bytes) -> bool:
    """True for a value, as sent or decoded, with a byte that this kind of header does not need."""
    if lower in ADDRESS_HEADERS:
        return bool(_ADDRESS_ODD_RE.search(value))
    if lower in FREE_HEADERS or lower.startswith(FREE_PREFIXES):
        return bool(_FREE_ODD_RE.search(value))
    return bool((_AGENT_ODD_RE if lower == "user-agent" else _OTHER_ODD_RE).search(value))


def navigates(name: bytes) -> bool:
    """Names that walk through objects (`class.module.loader`, `__proto__`): applications bind them, so they are scored though plain."""
    return name.count(b".") >= NAME_DOTS_MIN or b"__" in name


def _odd_name(kind: str, name: bytes) -> Iterator[Part]:
    if not _PLAIN_NAME_RE.match(name) or (b"__" in name if kind == "json" else navigates(name)):
        yield Part("name", kind, name)


def _pairs(kind: str, text: bytes) -> Iterator[Part]:
    for pair in text.split(b"&"):
        if not pair:
            continue
        name, equals, value = pair.partition(b"=")
        name = percent_decode(name, plus=True)
        yield from _odd_name(kind, name)
        if equals:
            yield Part(kind, name.decode("latin-1"), percent_decode(value, plus=True))


def _cookies(text: bytes) -> Iterator[Part]:
    for pair in text.split(b";"):
        name, _, value = pair.strip().partition(b"=")
        yield from _odd_name("cookie", name)
        yield Part("cookie", name.decode("latin-1"), percent_decode(value))


def body_parts(body: bytes, content_type: str) -> Iterator[Part]:
    """A body by its content type; one that does not parse is scored as a whole."""
    kind = content_type.split(";")[0].strip().lower()
    head = body.lstrip()[:1]
    if kind == "multipart/form-data" or (not kind and body.startswith(b"--")):
        yield from _multipart(body, content_type)
    elif kind.endswith("json") or (not kind and head in (b"{", b"[")):
        yield from _json(body)
    elif kind.endswith("xml") or (not kind and head == b"<"):
        yield from _xml(body)
    elif kind == "application/x-www-form-urlencoded" or (not kind and b"=" in body):
        yield from _pairs("form", body)
    else:
        yield Part("body", "", body)


def _json(body: bytes) -> Iterator[Part]:
    try:
        root = json.loads(body)
    except (ValueError, RecursionError):
        lines = [line for line in body.split(b"\n") if line.strip()]
        if len(lines) < 2:
            yield Part("body", "", body)
            return
        try:
            root = [json.loads(line) for line in lines]
        except (ValueError, RecursionError):
            yield Part("body", "", body)
            return
    yield from _json_leaves(root, "", 0)


def _json_leaves(node, path: str, depth: int) -> Iterator[Part]:
    if depth > JSON_DEPTH_MAX:
        return
    if isinstance(node, str):
        yield Part("json", path, _bytes(node))
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _odd_name("json", _bytes(key))
            yield from _json_leaves(value, f"{path}.{key}" if path else key, depth + 1)
    elif isinstance(node, list):
        for value in node:
            yield from _json_leaves(value, path, depth + 1)


def _xml(body: bytes) -> Iterator[Part]:
    doctype = _DOCTYPE_RE.search(body)
    if doctype:
        yield Part("xml", "doctype", doctype[0])
        body = body[:doctype.start()] + body[doctype.end():]
    if b"<" not in body:
        yield Part("body", "", body)
        return
    for m in _XML_RE.finditer(body):
        if m[1] is not None:
            yield Part("xml", "cdata", m[1])
        elif m[2] is not None:
            for a in _ATTRIBUTE_RE.finditer(m[2]):
                yield Part("xml", "attribute", a[1] if a[1] is not None else a[2])
        elif m[3].strip():
            yield Part("xml", "text", m[3])


def _multipart(body: bytes, content_type: str) -> Iterator[Part]:
    m = re.search(r"boundary=\"?([^\";]+)", content_type)
    boundary = b"--" + _bytes(m[1]) if m else body.split(b"\n", 1)[0].strip()
    sections = body.split(boundary)[1:] if boundary else []
    if not sections:
        yield Part("body", "", body)
        return
    for section in sections:
        if section.startswith(b"--"):
            break
        head, _, content = section.partition(b"\r\n\r\n" if b"\r\n\r\n" in section else b"\n\n")
        disposition = _DISPOSITION_RE.search(head)
        field = b""
        for q in _QUOTED_RE.finditer(disposition[0] if disposition else b""):
            value = q[2] if q[2] is not None else q[3]
            if q[1].lower() == b"name":
                field = value
                yield from _odd_name("multipart", value)
            else:
                yield Part("multipart", "filename", value)
        yield Part("multipart", field.decode("latin-1"), content.rstrip(b"\r\n"))
