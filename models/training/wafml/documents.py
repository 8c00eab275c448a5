"""Pieces of real files as requests, for the rules to see: how often each rule trips on documents decides whether it may decide alone.

    python3 -m wafml.documents CONTENT DOCUMENTS.jsonl [COUNT] [--held-out]

Then `tests/Benchmarks -- detection rules DOCUMENTS.tsv DOCUMENTS.jsonl`, and `--documents DOCUMENTS.tsv` for training. Held-out ones judge.
"""

import json
import random
import sys
from pathlib import Path
from urllib.parse import quote_plus

from . import content, padding

SIZES = (20, 6_000)
HEADERS = {"Host": "shop.example", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Accept": "*/*"}
NAMES = ("text", "comment", "body", "content", "q")


def requests(files: "list[content.File]", count: int, held_out: bool, seed: int = 5) -> "list[dict]":
    """One piece of each of so many files, in a form or a JSON text; sources say kind and size."""
    rng = random.Random(seed)
    mine = [f for f in files if f.held_out == held_out and f.kind != "binary" and len(f.data) >= SIZES[0]]
    out = []
    for file in rng.sample(mine, min(count, len(mine))):
        length = padding.size(rng, *SIZES)
        at = rng.randrange(max(1, len(file.data) - length))
        at = file.data.find(b"\n", at, at + 300) + 1 or at
        text = file.data[at:at + length].decode("utf-8", "replace").strip()
        if len(text) >= SIZES[0] // 2:
            kind = "program" if file.kind in content.PROGRAMS else "text"
            size = "line" if len(text) < 200 else "paragraph" if len(text) < 2_000 else "page"
            out.append({**placed(text, rng), "label": 0, "attack": file.kind, "source": f"documents {kind} {size}"})
    return out


def placed(text: str, rng: random.Random) -> dict:
    name = rng.choice(NAMES)
    if rng.random() < 0.6:
        return {"method": "POST", "uri": "/items", "headers": {**HEADERS, "Content-Type": "application/x-www-form-urlencoded"}, "body": f"{name}={quote_plus(text)}&lang=en"}
    return {"method": "POST", "uri": "/items", "headers": {**HEADERS, "Content-Type": "application/json"}, "body": json.dumps({name: text, "page": 2})}


def main(arguments: "list[str]") -> None:
    held_out = "--held-out" in arguments
    source, target, *count = [a for a in arguments if a != "--held-out"]
    rows = requests(content.read(Path(source)), int(count[0]) if count else 4_000, held_out)
    Path(target).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
