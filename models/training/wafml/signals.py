"""Signals: short marks that hold too few bytes for a model to be sure of, and that requests of ordinary applications hardly hold.

`sidecar/Scoring/Parts/AttackSignals.cs` finds the same.
"""

import re

import numpy as np

from .dataset import KINDS, Dataset
from .normalize import SERIALIZED

NAMES = ("serialized", "operatorName")
_OPERATOR_RE = re.compile(
    rb"(?:\A|[\[.])\$(?:ne|gte?|lte?|eq|n?in|regex|exists|where|n?or|and|not|type|expr|elemmatch|all|size|mod|jsonschema|function)(?:\]|\Z)")


def is_operator_name(name: bytes) -> bool:
    """Of a normalised name: a query operator of a document database, alone or as a segment."""
    return bool(_OPERATOR_RE.search(name))


def of_requests(data: Dataset, count: int) -> "dict[str, np.ndarray]":
    """Which of the first `count` requests show each signal."""
    refs, kinds = data.refs[:data.bounds[count]], data.kinds[:data.bounds[count]]
    owner = np.repeat(np.arange(count), np.diff(data.bounds[:count + 1]))
    operator = np.array([is_operator_name(v) for v in data.values], dtype=bool)
    serialized = (data.flags & SERIALIZED) != 0
    marked = {"serialized": serialized[refs], "operatorName": operator[refs] & (kinds == KINDS.index("name"))}
    return {name: np.bincount(owner[hits], minlength=count) > 0 for name, hits in marked.items()}
