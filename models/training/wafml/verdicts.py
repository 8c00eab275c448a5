"""Two pairs of models on the same requests, group by group, and whether the second may follow the first.

    python3 -m wafml.verdicts BEFORE.tsv AFTER.tsv [--lost SHARE] [--gained SHARE] > judged.md

Both files are of `tests/Benchmarks -- detection scores`. The exit status is 1 where a group of attacks loses more than `--lost` of its requests, or a group of
harmless ones has more than `--gained` more refused; each such group is named.
"""

import argparse
import sys
from collections import defaultdict
from pathlib import Path

from .report import table

BLOCKS = 0.5  # joint score from which on a policy blocks by default
GROUP_MIN = 20


def read(path: Path) -> "dict[tuple[str, int], list[tuple[float, float, bool]]]":
    """By group and label: scores of the models, of both, and whether rules alone block."""
    found = defaultdict(list)
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            file, _, label, source, family, blocked, _, alone, joint, *_ = line.rstrip("\n").split("\t")
            found[group(file, source, family), int(label)].append((float(alone), float(joint), blocked == "1"))
    return dict(found)


def group(file: str, source: str, family: str) -> str:
    """Payloads by hand: by family and carrier, bare or padded (wafml.beside). Recorded requests are one group a file; all others go by their source."""
    words = source.split()
    if len(words) == 3 and words[0] == family:
        return f"{'commands' if family == 'cmdi' else 'others'} in {'a header' if words[1] == 'header' else 'values'}, {'bare' if words[2] == 'bare' else 'padded'}"
    return source if words[0] in ("documents", "ordinary", "short", "file") else file.split(".")[0]


def compared(before: dict, after: dict) -> "list[list]":
    """Rows: group, label, requests, share that rules stop, that each pair stops."""
    if {k: len(v) for k, v in before.items()} != {k: len(v) for k, v in after.items()}:
        raise ValueError("not the same requests")
    share = lambda rows: sum(joint >= BLOCKS for _, joint, _ in rows) / len(rows)
    return [[name, label, len(rows), sum(r[2] for r in rows) / len(rows), share(before[name, label]), share(rows)] for (name, label), rows in sorted(after.items(), key=lambda g: (-g[0][1], g[0][0]))]


def worse(rows: "list[list]", lost: float, gained: float) -> "list[str]":
    """Groups in which the second pair does worse than it may."""
    return [f"{name}: {then:.4f} to {now:.4f}" for name, label, count, _, then, now in rows if count >= GROUP_MIN and (then - now > lost if label else now - then > gained)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--lost", type=float, default=0.005)
    parser.add_argument("--gained", type=float, default=0.005)
    o = parser.parse_args()
    rows = compared(read(o.before), read(o.after))
    print(table(["requests", "label", "count", "rules", "before", "after"], rows))
    found = worse(rows, o.lost, o.gained)
    for text in found:
        print(f"worse: {text}", file=sys.stderr)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
