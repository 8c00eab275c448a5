"""Groups of sources: never a group on two sides, for leave-one-source-out."""

import re
from dataclasses import dataclass

import numpy as np

OWN = "own:"  # grammars of this package: always in training, never a fold
LOGS = "access logs (attacks)"
SMALL_GROUP = 400


def group_names(source: np.ndarray, label: np.ndarray) -> np.ndarray:
    """One group for each attack data set, each benign organisation; small ones of a kind are pooled."""
    names = np.array([_group(s, bool(y)) for s, y in zip(source, label)])
    unique, inverse, counts = np.unique(names, return_inverse=True, return_counts=True)
    pooled = unique.copy().astype(object)
    for i, name in enumerate(unique):
        if counts[i] < SMALL_GROUP and name.startswith("benign:"):
            pooled[i] = name.split("/")[0] + "/small"
    return pooled[inverse]


def _group(source: str, attack: bool) -> str:
    if source.startswith(OWN):
        return source
    if attack:
        return "attack:" + (LOGS if source.startswith("access log") else re.sub(r" \(.*", "", source))
    kind, _, rest = source.partition("/")
    if kind in ("api-recording", "web-har"):
        return f"benign:{kind}/{rest.split('/')[0]}"
    if kind in ("access-log", "postman", "webhook"):
        return f"benign:{kind}/all"
    return f"benign:{kind}/{rest.split(' (')[0]}"


@dataclass
class Fold:
    name: str
    attack: "list[str]"
    benign: "list[str]"


def leave_one_out(groups: np.ndarray, count: int = 0) -> "list[Fold]":
    """One fold an attack source, or `count` folds of several sources each; the recorded benign groups are dealt out over the folds by size."""
    unique, counts = np.unique(groups, return_counts=True)
    attacks = [(c, g) for g, c in zip(unique, counts) if g.startswith("attack:")]
    if count and count < len(attacks):
        folds = _dealt(sorted(attacks, reverse=True), [Fold("", [], []) for _ in range(count)], "attack")
        for fold in folds:
            fold.name = " + ".join(g[7:] for g in fold.attack)
    else:
        folds = [Fold(g[7:], [g], []) for _, g in sorted(attacks, key=lambda pair: pair[1])]
    order = sorted(((c, g) for g, c in zip(unique, counts) if g.startswith("benign:") and "composed" not in g), reverse=True)
    return _dealt(order, folds, "benign")


def _dealt(order: "list[tuple[int, str]]", folds: "list[Fold]", side: str) -> "list[Fold]":
    """Each group to the fold that has least so far."""
    loads = [0] * len(folds)
    for count, group in order:
        i = loads.index(min(loads))
        getattr(folds[i], side).append(group)
        loads[i] += count
    return folds
