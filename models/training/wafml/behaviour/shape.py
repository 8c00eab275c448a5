"""How one request is written: the mirror of `RequestShape`, `HeaderShape` and `ContentCounts` in sidecar/Behaviour/Features."""

import math

from . import history

LIMIT = 4096
ASSETS = set(b"css js mjs map png jpg jpeg gif svg ico webp avif bmp woff woff2 ttf eot otf mp4 webm mp3 wav ogg".split())
PROGRAMS = set(b"php php5 php7 phtml asp aspx ashx asmx jsp jspx do action cgi pl py sh exe dll".split())
BOTS = b"bot crawl spider slurp http:// https:// monitor preview feed archiv".split()
LIBRARIES = (b"curl wget python go-http java/ okhttp libwww node axios httpclient scrapy ruby perl php guzzle aiohttp httpx "
             b"postman headless").split()
SQL = b"select union insert update delete drop where from having sleep".split()
HANDLERS = b"onerror onload onclick onmouse onfocus".split()
DIGITS = frozenset(b"0123456789")
LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
UPPERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
HEX = frozenset(b"0123456789abcdefABCDEF")


def entropy(counts, total):
    return -sum(c / total * math.log2(c / total) for c in counts if c) if total else 0.0


class Text:
    """Kinds of bytes in the first 4 KiB."""

    def __init__(self, text=b""):
        text = text[:LIMIT]
        counts = {}
        for b in text:
            counts[b] = counts.get(b, 0) + 1
        self.bytes = len(text)
        total = lambda kind: sum(c for b, c in counts.items() if b in kind)
        self.digits, self.letters, self.uppers = total(DIGITS), total(LETTERS), total(UPPERS)
        self.highs = sum(c for b, c in counts.items() if b >= 0x80)
        self.escapes = sum(1 for i in range(len(text) - 2)
                           if text[i] == 0x25 and text[i + 1] in HEX and text[i + 2] in HEX)
        self.entropy = entropy(counts.values(), len(text))

    def share(self, count):
        return count / self.bytes if self.bytes else 0.0

    @property
    def special_share(self):
        return self.share(self.bytes - self.digits - self.letters)


def split_target(target):
    path, mark, query = target.partition(b"?")
    return path, query, bool(mark)


def extension_of(path):
    last = path.rsplit(b"/", 1)[-1]
    dot = last.rfind(b".")
    return last[dot + 1:] if dot > 0 else b""


def is_asset(path):
    return extension_of(path).lower() in ASSETS


def version_of(protocol):
    return {"HTTP/1.0": 1.0, "HTTP/2": 2.0, "HTTP/2.0": 2.0, "HTTP/3": 3.0, "HTTP/3.0": 3.0}.get(protocol, 1.1)


class Shape:
    def __init__(self, method, target, protocol, headers, body):
        """`target` and `body` are bytes, `headers` pairs of bytes in their order."""
        self.verb = history.verb_of(method)
        path, query, self.has_query = split_target(target)
        self.path, self.query, self.body = Text(path), Text(query), Text(body)
        self.path_bytes, self.query_bytes, self.body_bytes = len(path), len(query), len(body)
        segments = [s for s in path.split(b"/") if s]
        self.depth = len(segments)
        self.longest_segment = max(map(len, segments), default=0)
        self.has_dot_file = any(s[:1] == b"." for s in segments)
        self.semicolons, self.backslashes = path.count(b";"), path.count(b"\\")
        self.double_slashes = path.count(b"//")
        extension = extension_of(path)
        self.extension_bytes = len(extension)
        self.is_asset, self.is_program = extension.lower() in ASSETS, extension.lower() in PROGRAMS
        pairs = [p for p in query.split(b"&") if p]
        self.parameters = len(pairs)
        self.longest_value = max((len(p) - p.index(b"=") - 1 for p in pairs if b"=" in p), default=0)
        self.version = version_of(protocol)
        self._headers(headers)
        self.content = content_counts(target, body)

    def _headers(self, headers):
        lower = [(n.lower(), v) for n, v in headers]
        of = lambda name: [v for n, v in lower if n == name]
        has = lambda *names: any(n in names for n, _ in lower)
        self.host = (of(b"host") + [b""])[0]
        self.header_count = len(headers)
        self.header_bytes = sum(len(n) + len(v) for n, v in headers)
        self.header_longest = max((len(v) for _, v in headers), default=0)
        self.capitals = sum(1 for n, _ in headers if n[:1] and n[0] in UPPERS)
        self.is_host_address = bool(self.host) and all(b in b"0123456789.:[]" for b in self.host)
        last = lambda name: of(name)[-1] if of(name) else b""
        agent = last(b"user-agent")
        self.agent, self.agent_bytes = Text(agent), len(agent)
        self.is_browser = agent.startswith(b"Mozilla/")
        words = agent[:512].lower()
        self.is_bot, self.is_library = any(w in words for w in BOTS), any(w in words for w in LIBRARIES)
        referer = last(b"referer")
        self.referer_bytes = len(referer)
        authority = referer.split(b"//", 1)[1].split(b"/", 1)[0] if b"//" in referer else b""
        self.own_referer = bool(self.host) and authority.lower() == self.host.lower()
        accepts = of(b"accept")
        self.has_accept = bool(accepts)
        self.accepts_html = bool(accepts) and b"text/html" in accepts[-1]
        self.accepts_anything = bool(accepts) and accepts[-1] == b"*/*"
        self.has_language, self.has_encoding = has(b"accept-language"), has(b"accept-encoding")
        cookies = of(b"cookie")
        self.cookie_bytes = sum(map(len, cookies))
        self.cookies = sum(1 for c in cookies for piece in c.split(b";") if piece.strip(b" "))
        self.has_authorization = has(b"authorization")
        self.fetch = sum(1 for n, _ in lower if n.startswith(b"sec-fetch-"))
        self.hints = sum(1 for n, _ in lower if n.startswith(b"sec-ch-"))
        self.extensions = sum(1 for n, _ in lower if n.startswith(b"x-"))
        self.has_origin, self.has_content_type = has(b"origin"), has(b"content-type")
        self.closes = any(v.lower() == b"close" for v in of(b"connection"))
        self.conditional = has(b"if-none-match", b"if-modified-since")
        self.has_range, self.upgrade_insecure = has(b"range"), has(b"upgrade-insecure-requests")
        self.no_cache = any(b"no-cache" in v for v in of(b"cache-control") + of(b"pragma"))
        self.forwarding = sum(1 for n, _ in lower if n in (b"x-forwarded-for", b"via", b"forwarded"))

    @property
    def marks(self):
        marks = 0
        for holds, mark in ((self.referer_bytes > 0, history.REFERER), (self.own_referer, history.OWN_REFERER),
                            (self.is_asset, history.ASSET), (self.query_bytes > 0, history.QUERY),
                            (self.cookies > 0, history.COOKIE), (self.accepts_html, history.PAGE)):
            marks |= mark if holds else 0
        return marks


def content_counts(target, body):
    counts = [0] * 15
    for text in (target[:LIMIT].lower(), body[:LIMIT].lower()):
        for i, value in enumerate([
                len(text), text.count(b"'"), text.count(b'"'), sum(text.count(w) for w in SQL),
                text.count(b"<script") + text.count(b"%3cscript"), text.count(b"javascript:"), text.count(b";"),
                text.count(b"--") + text.count(b"/*"), text.count(b"(") + text.count(b")"), text.count(b"="),
                text.count(b"<") + text.count(b">"), sum(text.count(w) for w in HANDLERS), text.count(b"%"),
                text.count(b"0x"), text.count(b"../") + text.count(b"..\\") + text.count(b"..%2f")]):
            counts[i] += value
    return counts
