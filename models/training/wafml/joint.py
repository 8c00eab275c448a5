"""Rules as evidence beside the models' score: weights of rules, fitted on scores of sources the models had not seen.

The rules' answers come from the sidecar's own engine (`tests/Benchmarks`, command `detection rules`): one line a request with the
file, the line in it, label, whether rules block, the anomaly score and the ids of the rules that matched.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

LOG_ODDS_MAX = 10.0
SEEN_MIN = 20
WEIGHT_MAX = 2.0
SIGNAL_BENIGN_MAX = 0.0005  # share of harmless requests that may show a signal which counts
L2 = 1e-5
STEPS = 150
# Attacks; rules about protocol, methods and scanners' names speak of clients, not of payloads, and differ from site to site.
PREFIXES = ("921", "930", "931", "932", "933", "934", "941", "942", "943", "944")


@dataclass
class RuleAnswers:
    """Of request i: `blocks[i]`, `anomaly[i]`, and the rules `ids[refs[bounds[i]:bounds[i+1]]]`."""

    blocks: np.ndarray
    anomaly: np.ndarray
    ids: "list[str]"
    refs: np.ndarray
    bounds: np.ndarray
    signals: "dict[str, np.ndarray]" = field(default_factory=dict)  # which requests show each, see signals.py

    @property
    def owner(self) -> np.ndarray:
        return np.repeat(np.arange(len(self.blocks)), np.diff(self.bounds))


def read(path: Path, label: np.ndarray) -> RuleAnswers:
    """The file's lines stand for the requests in the order in which training reads them; labels are compared."""
    known: "dict[str, int]" = {}
    refs, bounds, blocks, anomaly = [], [0], [], []
    with open(path, encoding="utf-8") as lines:
        for index, line in enumerate(lines):
            _, _, expected, _, _, blocked, score, matched = line.rstrip("\n").split("\t")
            if index >= len(label) or int(expected) != label[index]:
                raise ValueError(f"{path}, line {index + 1}: not the data that was trained on, or another order")
            blocks.append(blocked == "1")
            anomaly.append(int(score))
            refs += [known.setdefault(i, len(known)) for i in matched.split(",") if i.startswith(PREFIXES)]
            bounds.append(len(refs))
    if len(blocks) != len(label):
        raise ValueError(f"{path} has {len(blocks)} lines for {len(label)} requests")
    return RuleAnswers(np.array(blocks), np.array(anomaly), list(known), np.array(refs, dtype=np.int64), np.array(bounds))


@dataclass
class Joint:
    """probability = sigmoid(slope * log-odds + intercept + sum of the weights of the rules that matched)."""

    slope: float
    intercept: float
    weights: np.ndarray
    signals: "dict[str, float]" = field(default_factory=dict)

    def logits(self, log_odds: np.ndarray, rules: RuleAnswers) -> np.ndarray:
        sums = np.bincount(rules.owner, self.weights[rules.refs], len(rules.blocks)) if len(rules.refs) else 0.0
        return self.slope * np.clip(log_odds, -LOG_ODDS_MAX, LOG_ODDS_MAX) + self.intercept + sums + sum(w * rules.signals[s] for s, w in self.signals.items())

    def manifest(self, rules: RuleAnswers) -> dict:
        return {"slope": self.slope, "intercept": self.intercept,
                "rules": {i: round(float(w), 4) for i, w in sorted(zip(rules.ids, self.weights)) if w > 0},
                "signals": self.signals}


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
