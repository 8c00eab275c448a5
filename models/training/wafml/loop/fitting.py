"""The gate's rounds: its weights taken on with what a site's people said, beside at least as much that is replayed."""

import random
from dataclasses import dataclass

import numpy as np

from .. import attacks, benign, packaging, windows
from ..dataset import KINDS, Dataset
from ..gate import Gate, scan
from ..metrics import threshold_at
from ..normalize import is_plain, normalize
from ..parts import parts
from ..train_gate import GateTrainer
from .select import Chosen

EPOCHS = 3
REPLAY_ATTACK_SHARE = 0.5
MOVED_AT_MIN = 0.0041  # of the scale's harmless values, that are over one half before and after; fewer are too few to tell


@dataclass(frozen=True)
class Scored:
    """A gate with the calibration of its logits."""

    gate: Gate
    slope: float
    intercept: float

    def found(self, data: Dataset, at: float = 0.5) -> np.ndarray:
        """Which requests have a value that is an attack, by itself, with at least this probability."""
        return self.logits(data) * self.slope + self.intercept >= np.log(at / (1 - at))

    def logits(self, data: Dataset) -> np.ndarray:
        """The highest logit of each request's values."""
        if not data.values:
            return np.full(len(data), -30.0)
        logits = scan(self.gate, data.values, data.flags, with_focus=False)[0]
        return np.where(np.diff(data.bounds) > 0, windows.by_value(data).request_max(logits), -30.0)


def of_package(archive: bytes) -> Scored:
    """The gate of a package."""
    manifest, files = packaging.read(archive)
    return Scored(Gate.from_bytes(files["gate.bin"]), manifest["calibration"]["slope"], manifest["calibration"]["intercept"])


def as_dataset(requests: "list", label: "list[int]", source: "list[str]", attack: "list[str]") -> Dataset:
    """Requests as values, as `dataset.load` makes them of files."""
    ids: "dict[tuple[bytes, int], int]" = {}
    refs, kinds, bounds = [], [], [0]
    for request in requests:
        for part in parts(request):
            value, flags = normalize(part.value)
            if part.kind == "name" or not is_plain(value, flags):
                refs.append(ids.setdefault((value, flags), len(ids)))
                kinds.append(KINDS.index(part.kind))
        bounds.append(len(refs))
    return _dataset(ids, refs, kinds, bounds, label, source, attack)


def replayed(count: int, seed: int) -> Dataset:
    """At most so many values of the own grammars, each as a request of its own, half of them attacks; none that both write."""
    rng = random.Random(seed)
    wanted = int(count * REPLAY_ATTACK_SHARE), count - int(count * REPLAY_ATTACK_SHARE)
    bad, good = (rng.sample(made, min(n, len(made))) for made, n in zip((attacks.generate(2 * wanted[0], seed), benign.generate(2 * wanted[1], seed + 1)), wanted))
    both = {v for _, v in bad} & {v for _, v in good}
    return of_values([(kind, value, y) for values, y in ((bad, 1), (good, 0)) for kind, value in values if value not in both], "replay")


def of_values(values: "list[tuple[str, bytes, int]]", source: str) -> Dataset:
    """Values with their family and label, each as a request of its own; plain ones, which are never scored, are left out."""
    ids: "dict[tuple[bytes, int], int]" = {}
    refs, label, family = [], [], []
    for kind, value, y in values:
        key = normalize(value)
        if not is_plain(*key):
            refs.append(ids.setdefault(key, len(ids)))
            label.append(y)
            family.append(kind if y else "")
    return _dataset(ids, refs, [KINDS.index("form")] * len(refs), list(range(len(refs) + 1)), label, [source] * len(label), family)


def _dataset(ids, refs, kinds, bounds, label, source, attack) -> Dataset:
    size = len(label)
    return Dataset([v for v, _ in ids], np.array([f for _, f in ids], dtype=np.int32), np.array(refs, dtype=np.int32), np.array(kinds, dtype=np.int8),
                   np.array(bounds, dtype=np.int64), np.array(label, dtype=np.int8), np.zeros(size, np.int16), np.array(source, dtype=object),
                   np.array(attack, dtype=object), [""] * size, {}, "")


def joined(first: Dataset, second: Dataset) -> Dataset:
    """Requests of both, in this order."""
    ids = {(v, int(f)): i for i, (v, f) in enumerate(zip(first.values, first.flags))}
    refs = [ids.setdefault((v, int(f)), len(ids)) for v, f in zip(second.values, second.flags)]
    moved = np.array(refs, dtype=np.int32)[second.refs] if len(second.refs) else second.refs
    return _dataset(ids, np.append(first.refs, moved), np.append(first.kinds, second.kinds), np.append(first.bounds, first.bounds[-1] + second.bounds[1:]),
                    np.append(first.label, second.label), np.append(first.source, second.source), np.append(first.attack, second.attack))


def further(start: Scored, replay: Dataset, scale: Dataset, chosen: "list[Chosen]", seed: int, echo=None) -> Scored:
    """The gate after EPOCHS more over both. Of each label what the site adds weighs no more than what is replayed. The calibration's slope stays; its intercept
    moves so that of the harmless requests in `scale`, which are not learned from, as many are over one half as before: nobody's traffic has a part in that."""
    site = as_dataset([c.sample.request for c in chosen], [c.label for c in chosen], ["site"] * len(chosen), [c.sample.family for c in chosen])
    data = joined(replay, site)
    weight = np.append(np.ones(len(replay)), [c.weight for c in chosen])
    rows = windows.build(data, seed, start.gate)
    label, mass = row_targets(data, rows, GateTrainer.logits(_floats(start.gate), rows.rows), weight, len(replay))
    of_replay = np.zeros(len(rows.text), bool)
    of_replay[rows.pairs_row[rows.pairs_request < len(replay)]] = True
    trainer = GateTrainer.resumed(start.gate, rows.rows, label, np.where(of_replay, mass, 0.0))
    trainer.fit(rows.rows, label, mass, EPOCHS, echo)
    gate = trainer.quantize()
    gate.growth = start.gate.growth
    before, after = (Scored(g, 1.0, 0.0).logits(scale)[scale.label == 0] for g in (start.gate, gate))
    rate = max(MOVED_AT_MIN, float((before * start.slope + start.intercept >= 0).mean()))
    by = threshold_at(before, rate) - threshold_at(after, rate)
    return Scored(gate, start.slope, start.intercept + start.slope * float(by))


def row_targets(data: Dataset, rows: windows.Windows, scores: np.ndarray, weight: np.ndarray, replayed_count: int) -> "tuple[np.ndarray, np.ndarray]":
    """Label and weight of each row. A row of a replayed attack stays one whoever sends it as harmless: only what no replayed attack has as its payload is harmless
    because a site's request has it."""
    size = len(rows.text)
    own = rows.pairs_request < replayed_count
    is_attack = data.label[rows.pairs_request] == 1
    harmless_replay = np.zeros(size, bool)
    harmless_replay[rows.pairs_row[own & ~is_attack]] = True
    payload_of_replay = _payloads(rows, np.where(harmless_replay, -99.0, scores), own & is_attack)
    harmless_site = np.zeros(size, bool)
    harmless_site[rows.pairs_row[~own & ~is_attack]] = True
    harmless = harmless_replay | (harmless_site & ~payload_of_replay)
    payload_of_site = _payloads(rows, np.where(harmless, -99.0, scores), ~own & is_attack) & ~harmless
    label = (payload_of_replay | payload_of_site).astype(float)
    mass = np.zeros(size)
    for wanted, of_replay, of_site in ((1, payload_of_replay, payload_of_site & ~payload_of_replay), (0, harmless_replay, harmless & ~harmless_replay)):
        mass[of_replay] = 1.0
        site = np.zeros(size)
        pairs = ~own & (data.label[rows.pairs_request] == wanted)
        np.maximum.at(site, rows.pairs_row[pairs], weight[rows.pairs_request[pairs]])
        site[~of_site] = 0.0
        if site.sum() > of_replay.sum():
            site *= of_replay.sum() / site.sum()
        mass += site
    positive, negative = mass[label == 1].sum(), mass[label == 0].sum()
    mass[label == 1] *= negative / max(positive, 1e-9)
    return label, mass


def _payloads(rows: windows.Windows, scores: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Of each request of these pairs the row with the highest score."""
    out = np.zeros(len(rows.text), bool)
    best: "dict[int, int]" = {}
    for request, row in zip(rows.pairs_request[pairs], rows.pairs_row[pairs]):
        if request not in best or scores[row] > scores[best[request]]:
            best[request] = row
    out[list(best.values())] = True
    return out & (scores > -99.0)


def _floats(gate: Gate) -> GateTrainer:
    trainer = GateTrainer()
    trainer.weights = gate.weights.astype(np.float64) * float(gate.scale)
    trainer.dense = np.concatenate([gate.flag_weights.astype(np.float64), gate.offsets.astype(np.float64)])
    trainer.bias = float(gate.bias)
    return trainer
