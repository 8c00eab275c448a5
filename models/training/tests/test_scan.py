"""The scan statistic: what it finds is what trying every window finds, padding takes nothing away, and rows are what is scored."""

import random

import numpy as np
import pytest

from wafml import attacks_beside, benign, golden, instances, padding, refine, windows
from wafml.content import File, kind_of, packages, slices
from wafml.corpus import Corpus
from wafml.dataset import Dataset
from wafml.gate import NORMS, Gate, scan
from wafml.normalize import is_plain, normalize
from wafml.scan import FOCUS_BYTES, LENGTHS, PLACES_MAX, WHOLE, Hashed, best_windows, doublings
from wafml.train_gate import GateTrainer

GATE = golden.synthetic_gate()
RNG = random.Random(3)
VALUES = [bytes(RNG.choices(b"abc '=-;<>01 ", k=n)) for n in (0, 1, 21, 22, 23, 60, 120, 121, 239, 240, 241, 500, 1500)]


def brute(value: bytes) -> float:
    """The highest window by trying each, with sums of weights taken anew."""
    hashed = Hashed([value])
    size, best = len(value) + 2, -np.inf
    total = [int(GATE.weights[hashed.gather(np.array([i]), np.array([i + 1]))].astype(np.int64).sum()) for i in range(size)]
    for kind, length in enumerate(LENGTHS):
        for start in range(size - length + 1) if size > length else ():
            best = max(best, float(GATE.gains[kind]) * sum(total[start:start + length]) + float(GATE.offsets[kind]))
    if len(value) <= 240:
        best = max(best, float(GATE.scale) * sum(total) / np.sqrt(len(hashed.gather(np.array([0]), np.array([size])))))
    return best


@pytest.mark.parametrize("value", VALUES, ids=[str(len(v)) for v in VALUES])
def test_the_highest_window_is_found(value):
    expected = brute(value) + float(GATE.bias) - float(GATE.growth) * doublings(len(value))
    assert GATE.logit(value, 0) == pytest.approx(expected, abs=1e-9)


def test_many_values_at_once_score_as_each_alone():
    logits, start, end = scan(GATE, VALUES, np.arange(len(VALUES)))
    for i, value in enumerate(VALUES):
        assert (logits[i], (start[i], end[i])) == (GATE.look(value, i)[0], GATE.look(value, i)[1])
        assert end[i] - start[i] == min(len(value), FOCUS_BYTES)


@pytest.mark.parametrize("length, expected", [(0, 0), (239, 0), (240, 1), (479, 1), (480, 2), (131_072, 10)])
def test_doublings(length, expected):
    assert doublings(length) == expected == doublings(np.array([length]))[0]


def test_text_around_a_value_takes_nothing_from_the_windows_within_it():
    """Whatever stands beside: sums of windows whose n-grams end before it are the same, so the highest can only grow."""
    rng = random.Random(5)
    zero = Gate(GATE.weights, GATE.flag_weights, GATE.bias, GATE.scale, GATE.gains, GATE.offsets, np.float32(0))
    for _ in range(40):
        core = bytes(rng.choices(b"abc'=-;<>01", k=rng.randint(60, 300)))
        tail = b" a b c d e f"
        weights = zero.weights.astype(np.int64)
        hashed = Hashed([b" " + core + tail])
        prefix = hashed.prefix(weights)[2:len(core) + 3]
        floor = max(float(zero.gains[k]) * int((prefix[n:] - prefix[:-n]).max()) + float(zero.offsets[k]) for k, n in enumerate(LENGTHS) if n < len(core))
        for before, behind in ((20, 0), (0, 300), (1_000, 1_000), (9_000, 20)):
            left, right = (b"".join(rng.choice((b"word ", b"of ", b"good ", b"news ")) for _ in range(n // 4)) for n in (before, behind))
            assert zero.logit(left + b" " + core + tail + right, 0) - float(zero.bias) >= floor - 1e-9


def data_of(values: "list[bytes]") -> Dataset:
    count = len(values)
    return Dataset(values, np.zeros(count, np.int32), np.arange(count, dtype=np.int32), np.zeros(count, np.int8), np.arange(count + 1), np.zeros(count, np.int8),
                   np.zeros(count, np.int16), np.array(["s"] * count, dtype=object), np.array([""] * count, dtype=object), [""] * count, {}, "")


def test_rows_of_mined_windows_score_as_the_scan_does():
    trainer = GateTrainer()
    trainer.weights = GATE.weights.astype(float)
    trainer.dense[15:] = np.arange(WHOLE) / 10
    data = data_of(VALUES)
    rows = windows.build(data, 1, trainer)
    best = rows.request_max(trainer.logits(rows.rows))
    assert np.allclose(best, scan(trainer, VALUES, data.flags)[0])


def test_rows_without_a_gate_hold_each_short_value_whole_and_some_windows_of_long_ones():
    rows = windows.build(data_of(VALUES), 1)
    assert all(v in rows.text for v in VALUES if len(v) <= 240)
    counts = np.bincount(rows.pairs_request, minlength=len(VALUES))
    assert counts.min() == 1 and 1 < counts[-1] <= windows.STRIDED_MAX


def test_a_flag_never_lowers_a_score():
    data = data_of([b"value %d of many" % i for i in range(300)])
    data.flags[:] = np.arange(300) % 4
    rows = windows.build(data, 1)
    trainer = GateTrainer()
    label = (rows.rows.flags == 0).astype(float)  # flags speak for harmless values here
    trainer.fit(rows.rows, label, np.ones(len(label)), 5)
    assert trainer.flag_weights.min() >= 0 and np.allclose(trainer.gains, 1 / NORMS)


def test_padding_holds_the_value_and_about_as_much_text_as_asked_for():
    rng = random.Random(1)
    filler = b"plenty of ordinary words stand here, one behind the other. " * 40
    for length in (20, 160, 1_000, 20_000):
        for _ in range(30):
            value = padding.padded(b"<attack/>", filler, length, rng)
            assert b"<attack/>" in value and 0.3 * length <= len(value) - 9 <= 1.3 * length + 12
    sizes = [padding.size(rng) for _ in range(2_000)]
    assert min(sizes) >= 20 and max(sizes) <= 10_000 and 0.4 < np.mean(np.array(sizes) < 450) < 0.6


def test_kinds_of_files_and_packages_that_are_held_out():
    assert kind_of("usr/share/x/a.svg", b"<svg/>") == ("data", "svg") and kind_of("usr/bin/x", b"#!/bin/sh\n") == ("shell", "sh")
    assert kind_of("usr/share/doc/x/README", b"text") == ("prose", "readme") and kind_of("usr/share/x/y.unknown", b"..") is None
    held = dict(packages())
    assert sum(held.values()) >= 20 and len(held) == len(packages()) >= 60
    file = File("code", "py", "p", False, b"import os\n" * 3_000)
    assert all(0 < len(piece) <= 24_000 for piece in slices(file, random.Random(1)))


def test_refining_learns_from_the_windows_that_frighten_and_from_no_held_out_file():
    rng = random.Random(9)
    words = [b"apple", b"garden", b"people", b"<b>", b"select", b"from", b"{{x}}"]
    files = [File("markdown", "md", "p", held, b" ".join(rng.choice(words) for _ in range(900))) for held in (False, False, True)]
    found = refine.pieces(files, 1)
    assert len(found.values) == 2 * refine.PIECES_A_FILE and all(len(v) <= refine.PIECE_BYTES for v in found.values)
    data = data_of([b"1' or 1=1 -- %d" % i for i in range(200)] + [b"blue shoes, size %d" % i for i in range(200)])
    data.label[:200] = 1
    corpus = Corpus(data, windows.build(data, 1), np.array(["attack:a"] * 200 + ["benign:b"] * 200, dtype=object), np.ones(400, bool))
    trainer = corpus.fit_gate(np.ones(400, bool))[0]
    trainer.bias += 4.0  # everything frightens
    before = scan(trainer, found.values, found.flags)[0].mean()
    refined = refine.refined(trainer, corpus, np.ones(400, bool), files, 2, 1, lambda _: None)
    after, attack = scan(refined, found.values, found.flags)[0].mean(), scan(refined, data.values[:200], data.flags[:200])[0].mean()
    assert after < before - 1 and attack > after


def test_rounds_with_short_commands_tell_them_in_text_from_notes_that_hold_commands():
    files = [File("prose", "txt", "p", False, b"An ordinary text with many words about nothing at all, and some more of them. " * 40)]
    data = data_of([b"1' or 1=1 -- %d" % i for i in range(200)] + [b"blue shoes, size %d" % i for i in range(200)])
    data.label[:200] = 1
    corpus = Corpus(data, windows.build(data, 1), np.array(["attack:a"] * 200 + ["benign:b"] * 200, dtype=object), np.ones(400, bool))
    held = [normalize(v) for v in attacks_beside.commands(300, 99)]
    inside, _, _ = refine.within_text([v for v, _ in held], refine.harmless_texts(files, 2), 3)
    notes = [n for n in (normalize(v) for v in benign.notes(300, 98)) if not is_plain(*n)]

    def apart(commands: int) -> float:
        """How far both stand apart, by the mean."""
        trainer = refine.refined(corpus.fit_gate(np.ones(400, bool))[0], corpus, np.ones(400, bool), files, 1, 1, lambda _: None, 200, commands)
        return float(scan(trainer, inside, np.array([f for _, f in held]))[0].mean() - scan(trainer, *map(list, zip(*notes)))[0].mean())

    assert apart(2_000) > apart(0) + 1


def test_payloads_within_text_are_found_where_they_are():
    rng = random.Random(4)
    texts = [b"ordinary words in a long line, " * 40]
    values = [bytes(rng.choices(b"'=<>;|", k=rng.randint(3, 60))) for _ in range(200)]
    around, first, behind = refine.within_text(values, texts, 1)
    assert all(text[a:b] == value for text, value, a, b in zip(around, values, first, behind))
    sides = [(a > 0, b < len(text)) for text, a, b in zip(around, first, behind)]
    assert {(True, True), (True, False), (False, True)} <= set(sides)
    cut = instances.cut_around(values, texts, np.random.default_rng(1))
    assert all(value in text and len(text) <= FOCUS_BYTES for value, text in zip(values, cut))
    trainer = GateTrainer()
    trainer.weights = GATE.weights.astype(float)
    texts = refine.Texts(around, np.zeros(200, int), np.ones(200))
    rows, owner = refine.worst_rows(trainer, texts, -np.inf, (first, behind))
    assert (owner == np.arange(200)).all() and (trainer.logits(rows) <= scan(trainer, around, texts.flags)[0] + 1e-9).all()


def test_places_of_a_value_fall_do_not_repeat_and_hold_what_frightens():
    value = bytes(RNG.choices(b"abc '=-;<>01 ", k=3_000))
    places = GATE.places(value, 0)
    assert len(places) == PLACES_MAX + 1 and [z for z, _, _ in places] == sorted((z for z, _, _ in places), reverse=True)
    assert len({start for _, start, _ in places}) == len(places) and all(end - start == FOCUS_BYTES for _, start, end in places)
    assert GATE.places(value, 0, places[2][0]) == places[:3] and GATE.places(value, 0, places[0][0] + 1) == places[:1]
    owner, logits, start, _ = GATE.scan_places([b"x", value, value[:500]], np.zeros(3, int))
    assert (np.diff(owner) >= 0).all() and logits[owner == 1].tolist() == [z for z, _, _ in places]


def test_a_gate_that_is_resumed_says_what_it_said_and_its_first_steps_are_small():
    data = data_of([b"1' or 1=1 -- %d" % i for i in range(200)] + [b"blue shoes, size %d" % i for i in range(200)])
    data.label[:200] = 1
    corpus = Corpus(data, windows.build(data, 1), np.array(["attack:a"] * 200 + ["benign:b"] * 200, dtype=object), np.ones(400, bool))
    first = corpus.fit_gate(np.ones(400, bool))[0]
    gate = first.quantize()
    label, weight = corpus.row_targets(np.ones(400, bool), None)
    resumed = GateTrainer.resumed(gate, corpus.windows.rows, label, weight)
    exact, again = scan(gate, data.values, data.flags)[0], scan(resumed, data.values, data.flags)[0]
    assert np.abs(exact - again).max() < 1e-3 and resumed.rate == GateTrainer().rate
    resumed.fit(corpus.windows.rows, label, weight, 1)
    assert np.abs(resumed.weights - first.weights).max() < GateTrainer().rate


def test_windows_of_whole_values_hold_the_payload_at_any_offset():
    rng = np.random.default_rng(2)
    value = bytes(RNG.choices(b"abcdefgh ", k=900))
    value = value[:400] + b"' or 1=1-- " + value[411:]
    shown = [instances.window_with(value, 400, 411, rng) for _ in range(200)]
    assert all(len(w) == 240 and b"' or 1=1-- " in w for w in shown) and len({w.index(b"'") for w in shown}) > 100
    anywhere = [instances.window_with(value, 0, 0, rng) for _ in range(200)]
    assert all(w in value and len(w) == 240 for w in anywhere) and any(b"' or" not in w for w in anywhere)
    assert instances.window_with(b"short", 0, 5, rng) == b"short" and len(instances.window_with(value, 100, 700, rng)) == 240
