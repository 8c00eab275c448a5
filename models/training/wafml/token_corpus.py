"""Recorded requests as token rows: read, capped, split by source, cut into subwords.

    python3 -m wafml.token_corpus DATA... --out FOLDER [--size 8000] [--length 128] [--hold-out 3,4] [--most 4000]

Writes `tokenizer.json` and `requests.npz`. The vocabulary is learned without the sources that are held out, so that
they judge it too.
"""

import argparse
import hashlib
import random
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import learn_subwords, sequences, taxonomy
from .readers import Rejects, Request, reader_for
from .splits import group_names, leave_one_out
from .subwords import Subwords

FOLDS = 5
VALIDATION_SHARE = 0.04
TRAINING, VALIDATION, HELD_OUT = range(3)


@dataclass
class TokenCorpus:
    """Row i is tokens[row_bounds[i]:row_bounds[i + 1]], request r is rows request_bounds[r] to request_bounds[r +
    1].
    """

    tokens: np.ndarray
    row_bounds: np.ndarray
    request_bounds: np.ndarray
    label: np.ndarray
    family: np.ndarray
    type: np.ndarray
    group: np.ndarray
    attack: np.ndarray
    part: np.ndarray  # TRAINING, VALIDATION or HELD_OUT
    hard: np.ndarray
    unread: np.ndarray

    def __len__(self) -> int:
        return len(self.label)

    def save(self, path: Path) -> None:
        np.savez_compressed(path, **self.__dict__)

    @staticmethod
    def load(path: Path) -> "TokenCorpus":
        with np.load(path, allow_pickle=False) as file:
            return TokenCorpus(**{name: file[name] for name in file.files})


def read(paths: "list[Path]", most: int, seed: int) -> "tuple[list[Request], Rejects]":
    """At most so many requests of each source and attack, drawn evenly."""
    rng = random.Random(seed)
    rejects = Rejects()
    kept: "dict[tuple[str, str], list[Request]]" = defaultdict(list)
    seen: "dict[tuple[str, str], int]" = defaultdict(int)
    for path in paths:
        for request in reader_for(path).read(path, rejects):
            key = request.source, request.attack or ""
            seen[key] += 1
            if len(kept[key]) < most:
                kept[key].append(request)
            else:
                at = rng.randrange(seen[key])
                if at < most:
                    kept[key][at] = request
    return [r for key in sorted(kept) for r in kept[key]], rejects


def parts_of(requests: "list[Request]", groups: np.ndarray, held_out: "list[int]") -> np.ndarray:
    """TRAINING, VALIDATION or HELD_OUT for each request; equal requests are on one side."""
    folds = leave_one_out(groups, FOLDS)
    names = {g for i in held_out for g in folds[i].attack + folds[i].benign}
    out = np.full(len(requests), TRAINING, np.int8)
    for i, request in enumerate(requests):
        if groups[i] in names:
            out[i] = HELD_OUT
        else:
            text = f"{request.method} {request.uri} {request.body}".encode("utf-8", "surrogatepass")
            if hashlib.sha256(text).digest()[0] < 256 * VALIDATION_SHARE:
                out[i] = VALIDATION
    return out


def build(
    requests: "list[Request]",
    held_out: "list[int]",
    size: int,
    length: int,
    subwords: "Subwords | None" = None,
    echo=print,
) -> "tuple[TokenCorpus, Subwords]":
    """The corpus and its vocabulary (learned from the training part unless one is given)."""
    memo: dict = {}
    values = [sequences.values(r, memo) for r in requests]
    echo(f"  {len(requests):,} requests, {len(memo):,} values")
    groups = group_names(np.array([r.source for r in requests], object), np.array([r.label for r in requests]))
    part = parts_of(requests, groups, held_out)
    if subwords is None:
        weights = learn_subwords.word_weights(
            (groups[i], requests[i].label, v.text) for i in np.flatnonzero(part == TRAINING) for v in values[i]
        )
        echo(f"  {len(weights):,} words")
        subwords = learn_subwords.learn(weights, size)
        echo(f"  {len(subwords):,} subwords")
    flat, row_bounds, request_bounds, unread, family, kind = [], [0], [0], [], [], []
    for request, content in zip(requests, values):
        rows, left = sequences.build(request.method, content, subwords, length)
        for row in rows:
            flat += row
            row_bounds.append(len(flat))
        request_bounds.append(len(row_bounds) - 1)
        unread.append(left)
        f, t = (
            taxonomy.classify(request.attack, [v.text for v in content])
            if request.label
            else (taxonomy.NONE, taxonomy.NONE)
        )
        family.append(f)
        kind.append(t)
    return (
        TokenCorpus(
            np.array(flat, np.int16),
            np.array(row_bounds),
            np.array(request_bounds),
            np.array([r.label for r in requests], np.int8),
            np.array(family, np.int8),
            np.array(kind, np.int8),
            groups.astype(str),
            np.array([r.attack or "" for r in requests]),
            part,
            np.array([r.hard for r in requests], np.int16),
            np.array(unread),
        ),
        subwords,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", type=int, default=8000)
    parser.add_argument("--length", type=int, choices=sequences.LENGTHS, default=128)
    parser.add_argument(
        "--hold-out", default="", help="numbers of the folds by source that are left out, of " + str(FOLDS)
    )
    parser.add_argument("--most", type=int, default=4000, help="requests of each source and attack")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tokenizer", type=Path, help="a vocabulary that exists")
    o = parser.parse_args()
    requests, rejects = read(o.data, o.most, o.seed)
    print(f"  read; refused: {dict(rejects)}")
    subwords = Subwords.from_json(o.tokenizer.read_text()) if o.tokenizer else None
    corpus, subwords = build(requests, [int(f) for f in o.hold_out.split(",") if f], o.size, o.length, subwords)
    o.out.mkdir(parents=True, exist_ok=True)
    (o.out / "tokenizer.json").write_text(subwords.to_json())
    corpus.save(o.out / "requests.npz")
    rows = np.diff(corpus.row_bounds)
    print(
        f"  {len(rows):,} rows, {rows.mean():.0f} tokens each; "
        f"{int((corpus.unread > 0).sum()):,} requests not read whole"
    )


if __name__ == "__main__":
    main()
