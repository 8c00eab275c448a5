"""Rules as evidence beside the models' score: weights of rules, fitted on scores of sources the models had not seen.

The rules' answers come from the sidecar's own engine (`tests/Benchmarks`, command `detection rules`): one line a request with the
file, the line in it, label, whether rules block, the anomaly score, the ids of the rules that matched, and the evidence by part. How it is
used is in `sidecar/Scoring/README.md`: the strongest few rules of one part, bounded, less in long values.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

LOG_ODDS_MAX = 10.0
SEEN_MIN = 20
WEIGHT_MAX = 2.0
STRONGEST_RULES = 3
FAMILY_IDS = 1_000  # ids of rules about one kind of attack differ below this
EVIDENCE_MAX = 6.0
LENGTH_FREE = 256
LENGTH_DISCOUNT = 1.0
LENGTH_FITTED_MAX = 700  # longer values lose more than half of a weight, so they say little about it
SIGNAL_BENIGN_MAX = 0.0005  # share of harmless requests that may show a signal which counts
L2 = 1e-5
STEPS = 150
# Attacks; rules about protocol, methods and scanners' names speak of clients, not of payloads, and differ from site to site.
PREFIXES = ("921", "930", "931", "932", "933", "934", "941", "942", "943", "944")
# May decide alone when no harmless request and no document trips them: patterns that are long and of one attack, and what the detector of SQL found.
DECISIVE_PREFIXES = ("944150", "944151", "944152", "932170", "932171")
DECISIVE_SEEN_MIN = 300
LOUD = 0.002  # share of documents
DECISIVE_FINDINGS = ("942100/",)


@dataclass
class RuleAnswers:
    """Of request i: `blocks[i]`, `anomaly[i]`, and the rules `ids[refs[bounds[i]:bounds[i+1]]]` of its part with most of them."""

    blocks: np.ndarray
    anomaly: np.ndarray
    ids: "list[str]"
    refs: np.ndarray
    bounds: np.ndarray
    signals: "dict[str, np.ndarray]" = field(default_factory=dict)  # which requests show each, see signals.py

    @property
    def owner(self) -> np.ndarray:
        return np.repeat(np.arange(len(self.blocks)), np.diff(self.bounds))

    def support(self, label: np.ndarray) -> "dict[str, dict[str, int]]":
        """How many attacks and harmless requests trip each rule."""
        of = label[self.owner]
        counts = [np.bincount(self.refs[of == y], minlength=len(self.ids)) for y in (1, 0)]
        return {key: {"attacks": int(counts[0][i]), "benign": int(counts[1][i])} for i, key in enumerate(self.ids)}


def read(path: Path, label: np.ndarray, kept: "np.ndarray | None" = None) -> RuleAnswers:
    """The file's lines stand for the requests in the order in which training reads them, or for those of which `kept` says the lines; labels are compared."""
    known: "dict[str, int]" = {}
    refs, bounds, blocks, anomaly = [], [0], [], []
    rows = _rows(path)
    rows = rows if kept is None else [rows[i] for i in kept]
    often = {key for key, count in Counter(key for row in rows for key in row[3]).items() if count >= SEEN_MIN}
    for index, (expected, blocked, score, keys) in enumerate(rows):
        if index >= len(label) or expected != label[index]:
            raise ValueError(f"{path}, line {index + 1}: not the data that was trained on, or another order")
        blocks.append(blocked)
        anomaly.append(score)
        # What a detector found is a key of its own where it was seen often enough.
        mine = dict.fromkeys(key if key in often else key.split("/")[0] for key in keys)
        refs += [known.setdefault(key, len(known)) for key in mine]
        bounds.append(len(refs))
    if len(blocks) != len(label):
        raise ValueError(f"{path} has {len(blocks)} lines for {len(label)} requests")
    return RuleAnswers(np.array(blocks), np.array(anomaly), list(known), np.array(refs, dtype=np.int64), np.array(bounds))


def _rows(path: Path) -> "list[tuple[int, bool, int, list[str]]]":
    """Label, whether rules block, anomaly score, keys of the part with most of them."""
    rows = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            _, _, expected, _, _, blocked, score, _, evidence = line.rstrip("\n").split("\t")
            parts: "dict[str, list[str]]" = {}
            for entry in evidence.split():
                part, length, key = entry.split(":", 2)
                if key.startswith(PREFIXES) and ("/" in key or int(length) <= LENGTH_FITTED_MAX):
                    parts.setdefault(part, []).append(key)
            rows.append((int(expected), blocked == "1", int(score), max(parts.values(), key=len, default=[])))
    return rows


@dataclass
class Joint:
    """probability = sigmoid(slope * log-odds + intercept + the strongest weights of the rules that matched in the part)."""

    slope: float
    intercept: float
    weights: np.ndarray
    signals: "dict[str, float]" = field(default_factory=dict)

    def logits(self, log_odds: np.ndarray, rules: RuleAnswers) -> np.ndarray:
        evidence = strongest(rules, self.weights) + sum(w * rules.signals[s] for s, w in self.signals.items())
        return self.slope * np.clip(log_odds, -LOG_ODDS_MAX, LOG_ODDS_MAX) + self.intercept + np.minimum(evidence, EVIDENCE_MAX)

    def manifest(self, rules: RuleAnswers, label: np.ndarray, documents: "dict[str, float] | None" = None) -> dict:
        """As packages hold it; rules without weight too, with how often they were seen. `documents`: of keys that real files trip, the share of files;
        without them no finding decides alone. A finding that many files show has no weight beside its rule's, which long values discount."""
        support = rules.support(label)
        keys = {i: round(float(w), 4) for i, w in sorted(zip(rules.ids, self.weights))}
        keys = {key: w for key, w in keys.items() if "/" not in key or (documents or {}).get(key, 0.0) < LOUD}
        for rule in {key.split("/")[0] for key in keys if "/" in key} - set(keys):  # a finding never seen counts as the weakest that was
            keys[rule] = min(w for key, w in keys.items() if key.startswith(rule + "/"))
        decisive = sorted(key for key, seen in support.items() if not seen["benign"] and is_decisive(key, seen["attacks"], documents))
        return {"slope": self.slope, "intercept": self.intercept, "rules": dict(sorted(keys.items())), "signals": self.signals,
                "strongestRules": STRONGEST_RULES, "evidenceMax": EVIDENCE_MAX, "lengthFree": LENGTH_FREE, "lengthDiscount": LENGTH_DISCOUNT,
                "decisive": decisive, "support": dict(sorted(support.items()))}


def is_decisive(key: str, attacks: int, documents: "dict[str, float] | None") -> bool:
    """Of a key that no harmless request trips."""
    if key in (documents or ()):
        return False
    finding = documents is not None and key.startswith(DECISIVE_FINDINGS) and attacks >= SEEN_MIN
    return finding or (key.startswith(DECISIVE_PREFIXES) and attacks >= DECISIVE_SEEN_MIN)


def of_documents(path: Path) -> "dict[str, float]":
    """Which share of the documents of a file of answers trips each key."""
    with open(path, encoding="utf-8") as lines:
        each = [{entry.split(":", 2)[2] for entry in line.rstrip("\n").split("\t")[8].split()} for line in lines]
    return {key: count / len(each) for key, count in Counter(key for keys in each for key in keys).items()}


def strongest(rules: RuleAnswers, weights: np.ndarray) -> np.ndarray:
    """Of each request the sum of its STRONGEST_RULES largest weights, of rules about one kind of attack only the largest."""
    owner, each = rules.owner, weights[rules.refs]
    family = np.array([int(key.split("/")[0]) // FAMILY_IDS for key in rules.ids], dtype=np.int64)[rules.refs]
    order = np.lexsort((-each, family, owner))
    repeated = np.zeros(len(order), bool)
    repeated[1:] = (owner[order][1:] == owner[order][:-1]) & (family[order][1:] == family[order][:-1])
    each = each.copy()
    each[order[repeated]] = 0.0
    order = np.lexsort((-each, owner))
    rank = np.arange(len(order)) - rules.bounds[owner[order]]
    return np.bincount(owner[order], np.where(rank < STRONGEST_RULES, each[order], 0.0), len(rules.blocks))


def row_weights(groups: np.ndarray, label: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Attack sources count alike, benign ones by the root of their size, both classes as much as each other."""
    weight = np.zeros(len(label))
    for group in set(groups[chosen]):
        mine = chosen & (groups == group)
        weight[mine] = 1 / mine.sum() if label[mine][0] else mine.sum() ** -0.5
    for value in (0, 1):
        mine = chosen & (label == value)
        weight[mine] /= weight[mine].sum()
    return weight


def fit(log_odds: np.ndarray, label: np.ndarray, groups: np.ndarray, chosen: np.ndarray, rules: RuleAnswers) -> Joint:
    """Logistic regression with weights between 0 and WEIGHT_MAX by projected gradient steps with momentum, from the models alone."""
    owner = rules.owner
    pairs = chosen[owner]
    seen = np.bincount(rules.refs[pairs], minlength=len(rules.ids)) >= SEEN_MIN
    row, column = owner[pairs], rules.refs[pairs]
    z, y, weight = np.clip(log_odds, -LOG_ODDS_MAX, LOG_ODDS_MAX), label.astype(float), row_weights(groups, label, chosen)
    z = np.where(chosen, z, 0.0)
    start = np.concatenate([[1.0, 0.0], np.zeros(len(rules.ids))])
    low = np.concatenate([[0.05, -20], np.zeros(len(rules.ids))])
    high = np.concatenate([[20, 20], np.where(seen, WEIGHT_MAX, 0.0)])

    def loss(t: np.ndarray) -> "tuple[float, np.ndarray]":
        u = t[0] * z + t[1] + np.bincount(row, t[2:][column], len(z))
        d = weight * (1 / (1 + np.exp(-np.clip(u, -40, 40))) - y)
        value = (weight * (np.logaddexp(0, u) - y * u)).sum() + L2 * (t[2:] ** 2).sum()
        rules_gradient = np.bincount(column, d[row], len(rules.ids)) + 2 * L2 * t[2:]
        return float(value), np.concatenate([[(d * z).sum(), d.sum()], rules_gradient])

    best = _minimize(loss, start, low, high)
    # No other source than the one that has them may show a signal, so nothing can be fitted: it weighs as much as a rule may, unless
    # harmless requests show it too.
    harmless = chosen & (label == 0)
    shown = {s: WEIGHT_MAX for s, hits in rules.signals.items() if hits[harmless].mean() <= SIGNAL_BENIGN_MAX}
    return Joint(float(best[0]), float(best[1]), best[2:], shown)


def _minimize(loss, start: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Rprop (Riedmiller and Braun 1993) within bounds: steps by the gradient's sign, as features' scales differ by orders."""
    t, step = start, np.full(len(start), 0.05)
    best, best_value = t, np.inf
    before = np.zeros(len(start))
    for _ in range(STEPS):
        value, gradient = loss(t)
        if value < best_value:
            best, best_value = t, value
        same = np.sign(gradient) * np.sign(before)
        step = np.clip(np.where(same > 0, step * 1.2, np.where(same < 0, step * 0.5, step)), 1e-6, 0.5)
        before = np.where(same < 0, 0.0, gradient)
        t = np.clip(t - step * np.sign(before), low, high)
    return best


def out_of_fold(log_odds: np.ndarray, label: np.ndarray, groups: np.ndarray, folds, rules: RuleAnswers) -> "tuple[np.ndarray, list[Joint]]":
    """Each fold's requests with weights that were fitted without its sources, and those weights."""
    scored = ~np.isnan(log_odds)
    out, fitted = np.full(len(label), np.nan), []
    for fold in folds:
        held = np.isin(groups, fold.attack + fold.benign) & scored
        joint = fit(np.nan_to_num(log_odds), label, groups, scored & ~held, rules)
        out[held] = joint.logits(log_odds, rules)[held]
        fitted.append(joint)
    return out, fitted
