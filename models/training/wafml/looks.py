"""Where a gate looks in many values, and what both models say there: the cascade as the sidecar runs it, for many values at once."""

from dataclasses import dataclass

import numpy as np

from .cnn import PayloadCnn
from .gate import Gate, scan_places
from .scan import PLACES_MAX
from .train_cnn import TokenTable, logits


@dataclass
class Looks:
    """Place i is the bytes `start[i]` to `end[i]` of value `owner[i]`; places of a value follow each other, the worst first."""

    owner: np.ndarray
    gate: np.ndarray
    start: np.ndarray
    end: np.ndarray
    network: np.ndarray  # NaN where the network is not asked

    @property
    def first(self) -> np.ndarray:
        """Index of the worst place of each value that is there."""
        return np.flatnonzero(np.diff(self.owner, prepend=-1))

    @property
    def rank(self) -> np.ndarray:
        first = self.first
        return np.arange(len(self.owner)) - np.repeat(first, np.diff(np.append(first, len(self.owner))))

    def shifted(self, by: np.ndarray) -> "Looks":
        """With logits of the gate higher by `by[value]`."""
        return Looks(self.owner, self.gate + by[self.owner], self.start, self.end, self.network)

    def joined(self, share: float, low: float) -> np.ndarray:
        """Of each place `share` of the gate's logit and the rest of the network's, in the gate's units; the gate's alone below `low` and where the
        network was not asked."""
        asked = ~np.isnan(self.network) & (self.gate >= low)
        return np.where(asked, share * self.gate + (1 - share) * np.nan_to_num(self.network), self.gate)

    def highest(self, of_places: np.ndarray, values: int, missing: float = -30.0) -> np.ndarray:
        """The highest of each value's places."""
        out = np.full(values, missing)
        if len(self.owner):
            first = self.first
            out[self.owner[first]] = np.maximum.reduceat(of_places, first)
        return out


def look(gate: Gate, values: "list[bytes]", flags: np.ndarray, floor: float) -> Looks:
    """Places of values. Only the worst where a value's logit is below `floor`."""
    owner, logit, start, end = scan_places(gate, values, flags, floor)
    return Looks(owner, logit, start, end, np.full(len(owner), np.nan))


def ask(looks: Looks, network: PayloadCnn, values: "list[bytes]", flags: np.ndarray, floor: float) -> Looks:
    """With the network's logits of the first PLACES_MAX places of each value that are no lower than `floor`."""
    asked = np.flatnonzero((looks.rank < PLACES_MAX) & (looks.gate >= floor))
    out = np.full(len(looks.owner), np.nan)
    step = 100_000
    for at in range(0, len(asked), step):
        mine = asked[at:at + step]
        table = TokenTable([values[looks.owner[i]][looks.start[i]:looks.end[i]] for i in mine], np.asarray(flags)[looks.owner[mine]])
        out[mine] = logits(network, table, np.arange(len(mine)))
    return Looks(looks.owner, looks.gate, looks.start, looks.end, out)
