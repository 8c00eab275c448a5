"""Writes golden vectors of features: made-up clients, some ordinary, some odd, and what the features of them are.

    python3 -m wafml.behaviour.golden ../../tests/Behaviour.Tests/Features/golden.jsonl
"""

import base64
import json
import random
import sys

from . import features, history
from .shape import Shape

AGENTS = [b"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", b"curl/8.5.0", b"", None,
          b"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", b"python-requests/2.32.3"]
PATHS = [b"/", b"/index.html", b"/static/app.css", b"/img/a.PNG", b"/orders/%d", b"/wp-login.php", b"/.git/config",
         b"/a//b;x=1/..%2f..%5cetc", b"/caf\xc3\xa9/%%41%%zz%%", b"/api/v2/users/%d/orders", b"/x\\y", b"/noext.", b"/dir/"]
QUERIES = [None, b"", b"q=shoes", b"id=%d&&page=2", b"q=1'+UNION+SELECT+sleep(5)--", b"x=%%3Cscript%%3E&y=0x41", b"flag"]
BODIES = [b"", b"user=ann&password=%d", b'{"a": [1, 2], "b": "<script>javascript:alert(1)</script>"}', b"\xff\xfe" * 40,
          b"../../etc/passwd;onerror=1"]


def headers_of(r):
    headers = [(b"Host", r.choice([b"shop.example", b"10.0.0.7:8080"]))]
    agent = r.choice(AGENTS)
    if agent is not None:
        headers.append((b"User-Agent", agent))
    optional = [
        (b"Accept", r.choice([b"*/*", b"text/html,application/xhtml+xml", b"application/json"])), (b"Accept-Language", b"de"),
        (b"accept-encoding", b"gzip"), (b"Cookie", r.choice([b"sid=1", b"a=1; b=2;; c=", b";"])), (b"Authorization", b"Bearer x.y.z"),
        (b"Referer", r.choice([b"https://shop.example/cart", b"https://other.example/", b"/relative"])),
        (b"Sec-Fetch-Mode", b"navigate"), (b"sec-fetch-dest", b"document"), (b"Sec-CH-UA", b"x"), (b"X-Forwarded-For", b"1.2.3.4"),
        (b"Origin", b"https://shop.example"), (b"Connection", b"Close"), (b"If-None-Match", b'"1"'), (b"Range", b"bytes=0-9"),
        (b"Upgrade-Insecure-Requests", b"1"), (b"Cache-Control", b"no-cache"), (b"Via", b"1.1 proxy")]
    return headers + [h for h in optional if r.random() < 0.4]


def request_of(r, now):
    method = r.choice(["GET"] * 5 + ["POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
    fill = lambda text: text % r.randrange(10 ** 6) if text and b"%d" in text else text.replace(b"%%", b"%") if text else text
    path, query = fill(r.choice(PATHS)), fill(r.choice(QUERIES))
    body = fill(r.choice(BODIES)) if method in ("POST", "PUT", "PATCH") else b""
    return {
        "t": now, "method": method, "target": path if query is None else path + b"?" + query,
        "protocol": r.choice(["HTTP/1.1", "HTTP/1.0", "HTTP/2"]), "headers": headers_of(r), "body": body,
        "route": r.choice([0, 1, 2, 3, 3, 3, 77, 8191]), "status": r.choice([200] * 6 + [204, 301, 304, 401, 404, 404, 429, 500, 0]),
        "bytes": r.choice([0, 1, 512, 30_000, 1_048_576]), "ms": r.choice([0, 0.4, 3, 17.5, 900, 20_000]),
        "rules": r.choice([0, 0, 0, 5, 15]), "model": r.choice([0, 0.1, 0.49, 0.5, 0.97, 1]), "refused": r.random() < 0.1}


def session(seed):
    r = random.Random(seed)
    length = r.choice([1, 2, 3, 10, 50, 51, 64])
    pause = r.choice([0, 40, 1000, 30_000, 600_000])
    client, requests, now = history.Client(), [], r.randrange(10 ** 7)
    site = (r.choice([0, 12.5, 900]), r.choice([0, 3, 250]))
    for _ in range(length):
        now += r.randrange(0, 2 * pause + 1) if seed % 3 else pause
        q = request_of(r, now)
        shape = Shape(q["method"], q["target"], q["protocol"], q["headers"], q["body"])
        marks = shape.marks | (history.REFUSED if q["refused"] else 0)
        client.add(history.Observation(
            shape.verb, q["route"], q["status"], q["bytes"], q["ms"], shape.path_bytes, q["rules"], q["model"], marks), now)
        requests.append(q)
    text = lambda value: base64.b64encode(value).decode()
    return {"site": site, "requests": [
        {**q, "target": text(q["target"]), "body": text(q["body"]),
         "headers": [[text(n), text(v)] for n, v in q["headers"]]} for q in requests],
        "features": [float(f"{v:.7g}") for v in features.all_features(shape, client, site)]}


def main():
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        for seed in range(30):
            out.write(json.dumps(session(seed), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
