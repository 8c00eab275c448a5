"""Harmless text beside an attack: what whoever wants to pass puts there to make a score look better."""

import random

from .content import File

FILLER_KINDS = frozenset(("prose", "markdown", "data"))
SEPARATORS = (b" ", b" ", b". ", b", ", b"\n", b"\n\n", b"; ", b"&", b"\t", b" - ", b")", b"\"", b"/")
SIZES = (20, 10_000)
FILLER_BYTES = 12_000


def fillers(files: "list[File]", texts: "list[bytes]", seed: int, count: int = 1500) -> "list[bytes]":
    """Long harmless texts: pieces of files without markup or programs, and short texts strung together."""
    rng = random.Random(seed)
    mine = [f.data for f in files if f.kind in FILLER_KINDS and len(f.data) > 400]
    out = []
    for _ in range(count):
        if mine and rng.random() < 0.7:
            data = rng.choice(mine)
            at = rng.randrange(max(1, len(data) - FILLER_BYTES))
            out.append(data[at:at + FILLER_BYTES])
        elif texts:
            out.append(b" ".join(rng.choice(texts) for _ in range(rng.randint(20, 400)))[:FILLER_BYTES])
    return out


def size(rng: random.Random, low: int = SIZES[0], high: int = SIZES[1]) -> int:
    """A length between both, each order of magnitude as likely as the others."""
    return int(low * (high / low) ** rng.random())


def cut(filler: bytes, length: int, rng: random.Random) -> bytes:
    """A piece of about this length that begins and ends with a word; repeated where the filler is shorter."""
    while len(filler) < length:
        filler = filler + b" " + filler
    at = rng.randrange(len(filler) - length + 1)
    at = filler.find(b" ", at, at + 30) + 1 or at
    piece = filler[at:at + length]
    end = piece.rfind(b" ", max(0, len(piece) - 30))
    return piece[:end] if end > 0 else piece


def padded(value: bytes, filler: bytes, length: int, rng: random.Random) -> bytes:
    """The value behind, before or between harmless text of this length in all."""
    where = rng.random()
    gap, other = rng.choice(SEPARATORS), rng.choice(SEPARATORS)
    if where < 0.4:
        return cut(filler, length, rng) + gap + value
    if where < 0.7:
        return value + gap + cut(filler, length, rng)
    first = max(10, int(length * rng.random()))
    return cut(filler, first, rng) + gap + value + other + cut(filler, max(10, length - first), rng)
