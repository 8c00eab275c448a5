"""Normalisation, hashing and tokens against the golden vectors that the C# tests read as well."""

import base64
import json
from pathlib import Path

import pytest

from wafml import golden
from wafml.normalize import VALUE_BYTES_MAX, normalize, sample, unread

GOLDEN = Path(__file__).parents[2] / "Features" / "golden" / "values.jsonl"


def test_golden_vectors_are_what_the_code_computes():
    gate = golden.synthetic_gate()
    records = [json.loads(line) for line in open(GOLDEN, encoding="ascii")]
    assert len(records) > 1000
    for expected in records:
        assert golden.record(base64.b64decode(expected["value"]), gate) == expected


def test_long_values_are_read_and_scanned_as_the_vectors_say():
    gate = golden.synthetic_gate()
    stored = [json.loads(line) for line in open(GOLDEN.with_name("long.jsonl"), encoding="ascii")]
    assert stored == [golden.long_record(piece, times, gate) for piece, times in golden.LONG]


@pytest.mark.parametrize("length, left", [(131_072, 0), (131_073, 34), (1_000_000, 868_961)])
def test_of_long_values_head_tail_and_pieces_are_read_and_the_rest_is_said(length, left):
    value = bytes(i % 251 for i in range(length))
    read = sample(value)
    assert len(read) <= VALUE_BYTES_MAX and unread(value) == left
    assert read[:1000] == value[:1000] and read[-1000:] == value[-1000:]


def test_golden_vectors_cover_every_generated_value():
    stored = [json.loads(line)["value"] for line in open(GOLDEN, encoding="ascii")]
    assert stored == [base64.b64encode(v).decode() for v in golden.generate()]


@pytest.mark.parametrize("value, normalized", [
    (b"1%2527%20OR%201=1", b"1' or 1=1"),
    (b"UN/**/ION SELECT", b"un ion select"),
    (b"\xc0\xae\xc0\xae/etc", b"../etc"),
    (b"cat${IFS}/etc/passwd", b"cat /etc/passwd"),
    ("\uff1cscript\uff1e".encode(), b"<script>"),
    (b"PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==", b"<script>alert(1)</script>"),
    ("O\u2019Brien".encode(), b"o'brien"),
])
def test_values_are_decoded_as_an_application_would(value, normalized):
    assert normalize(value)[0] == normalized


def test_normalising_never_lengthens_a_value():
    for value in golden.generate():
        assert len(normalize(value)[0]) <= len(value)
