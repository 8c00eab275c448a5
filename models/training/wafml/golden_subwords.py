"""Writes the golden vectors that hold Python's and C#'s tokens equal.

    python3 -m wafml.golden_subwords TOKENIZER ../Features/golden
    python3 -m wafml.golden_subwords TOKENIZER --digest DATA...

The second prints the digest of the tokens of real requests, and with `--values` writes their values for whoever compares
another implementation.
"""

import argparse
import base64
import hashlib
import json
import random
import struct
from pathlib import Path

from . import attacks, benign, sequences
from .normalize import is_plain, normalize
from .readers import Rejects, reader_for
from .subwords import METHODS, SPECIAL, Subwords

SEED = 20261130
VALUES = 400
REQUESTS = 60
PLACES = tuple(
    (section, SPECIAL.index(marker))
    for section, marker in (
        (0, "<PATH>"),
        (1, "<PARAM_VALUE>"),
        (1, "<PARAM_NAME>"),
        (2, "<COOKIE>"),
        (2, "<HEADER>"),
        (2, "<USER_AGENT>"),
        (3, "<FORM>"),
        (3, "<JSON>"),
        (3, "<BODY>"),
    )
)


def generated(rng: random.Random) -> "list[tuple[int, bytes]]":
    """Normalised values of the own grammars with their flags."""
    raw = [v for _, v in attacks.generate(4 * VALUES, SEED) + benign.generate(4 * VALUES, SEED)]
    return [(flags, text) for text, flags in map(normalize, rng.sample(raw, VALUES)) if not is_plain(text, flags)]


def hostile(rng: random.Random) -> "list[bytes]":
    """Bytes as nobody writes them: of every class in runs, at random, names of special tokens."""
    runs = [bytes((b,)) * n for b in (0, 9, 32, 39, 48, 97, 127, 128, 255) for n in (1, 4, 5, 8, 9, 24, 25, 300)]
    mixed = [bytes(rng.choice(b" a1'\xc3\xa9\n") for _ in range(rng.randrange(80))) for _ in range(60)]
    noise = [bytes(rng.randrange(256) for _ in range(rng.randrange(200))) for _ in range(60)]
    return [b"", bytes(range(256)), "".join(SPECIAL).encode(), *runs, *mixed, *noise]


def request(values: "list[tuple[int, bytes]]", rng: random.Random) -> "tuple[str, list[sequences.Value]]":
    """A method and values at places in their order."""
    places = sorted(rng.choices(PLACES, k=rng.randrange(9)), key=lambda p: p[0])
    content = []
    for section, marker in places:
        flags, text = rng.choice(values)
        shape = rng.random()
        if shape < 0.1:
            flags, text = 0, rng.choice((b"ey" + b"a1" * 40 + b".b.c", b"0f" * 40, b"k3y_" * 20, b"word" * 20))
        elif shape < 0.3:
            text = text * (rng.randrange(200, 300) if shape < 0.13 else rng.randrange(1, 20))
        content.append(sequences.Value(section, marker, flags, text))
    return rng.choice((*METHODS, "BREW", "get", "")), content


def lines(subwords: Subwords) -> "list[dict]":
    """All vectors: values with their tokens, then requests with their rows."""
    rng = random.Random(SEED)
    values = generated(rng)
    encoded = [{"text": _text(t), "tokens": subwords.encode(t)} for t in [t for _, t in values] + hostile(rng)]
    requests = []
    for index in range(REQUESTS):
        method, content = request(values, rng)
        length = sequences.LENGTHS[index % len(sequences.LENGTHS)]
        rows, unread = sequences.build(method, content, subwords, length)
        requests.append(
            {
                "method": method,
                "length": length,
                "values": [[v.section, v.marker, v.flags, _text(v.text)] for v in content],
                "rows": len(rows),
                "digest": digest(rows),
                "unread": unread,
            }
        )
    return encoded + requests


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def digest(rows: "list[list[int]]") -> str:
    """SHA-256 of rows: of each its length and its tokens, as little-endian 32-bit numbers."""
    out = hashlib.sha256()
    for row in rows:
        out.update(struct.pack(f"<{len(row) + 1}i", len(row), *row))
    return out.hexdigest()


def values_of(paths: "list[Path]", most: int) -> "list[bytes]":
    """The normalised values of real requests, evenly out of each file."""
    texts = []
    for path in paths:
        read = list(reader_for(path).read(path, Rejects()))
        step = max(1, len(read) * len(paths) // most)
        texts += [v.text for r in read[::step] for v in sequences.values(r)]
    return texts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--digest", type=Path, nargs="+", default=())
    parser.add_argument("--most", type=int, default=20_000, help="real requests")
    parser.add_argument("--values", type=Path, help="where to write the values, each with its length before it")
    o = parser.parse_args()
    subwords = Subwords.from_json(o.tokenizer.read_text())
    if o.folder:
        text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines(subwords))
        (o.folder / "subwords.jsonl").write_text(text)
    if o.digest:
        texts = values_of(list(o.digest), o.most)
        if o.values:
            o.values.write_bytes(b"".join(struct.pack("<i", len(t)) + t for t in texts))
        print(f"{len(texts):,} values, {sum(map(len, texts)):,} bytes, {digest([subwords.encode(t) for t in texts])}")


if __name__ == "__main__":
    main()
