"""Judging: every cell counts, carriers bring what they are given, drawn attacks are not all of one kind."""

import random

import numpy as np

from wafml import carriers, judge
from wafml.content import File

FILES = [File("prose", "txt", "p", True, b"ordinary words in a long line, and more of them. " * 60)]


def score(values, flags):
    """Finds what has a quotation mark, unless much stands beside it."""
    return np.array([1.0 if b"'" in v and len(v) < 300 else -1.0 for v in values])


def test_cells_tell_where_recall_is_low():
    cells = judge.Cells(0.0)
    cells.add([b"x' or 1=1"] * 8, ["sqli"] * 8, FILES, score, 1)
    by = cells.by(0, 2)
    assert set(by) == {("sqli", p) for p in judge.CELL_PADDINGS} and np.mean(by["sqli", 0]) > 0.9 and np.mean(by["sqli", 1_000]) == 0
    assert any(line.startswith("sqli / 1000: 0.000") for line in cells.under(0.5)) and not any(line.startswith("sqli / 0:") for line in cells.under(0.5))
    assert cells.tables().count("| xml |") == len(judge.CELL_PADDINGS)


def test_each_carrier_and_encoding_brings_the_value():
    from wafml.normalize import normalize
    value = b"' or 1=1 <b>"
    for carrier in carriers.CARRIERS:
        found = [normalize(v)[0] for v in carriers.values(carrier, value)]
        assert any(v.endswith(value) for v in found), carrier
    for name, encode in carriers.ENCODINGS.items():
        assert normalize(encode(value, random.Random(1)))[0].replace(b" ", b"") == value.replace(b" ", b""), name


def test_attacks_are_drawn_from_all_groups_and_disjointly():
    values, groups = [b"a%d" % i for i in range(100)], ["large"] * 95 + ["small"] * 5
    first, families = judge.drawn(values, groups, groups, 8, 0, 1)
    second, _ = judge.drawn(values, groups, groups, 8, 8, 1)
    assert families.count("small") == 4 and not set(first) & set(second)
