"""Which of a site's requests are trained on, and as what: the bounds that hold against those who write the traffic and those who label it.

They stand here, where the data is read, and not where it is exported: whatever exports it, the program that trains is the one that must not be fooled, and what it
cut is in the same result as what came of it. Everything is a function of the samples and the bounds; who wrote a request has no influence on the order in which
caps are used up, as that order is a keyed hash.
"""

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Callable

from ..parts import parts
from .manifest import DAY
from .refusals import POISONED, TOO_FEW_LABELS, Refused
from .samples import ATTACK_SIGNS, BENIGN_SIGNS, Sample

PEOPLE_FOR_ATTACKS = 2  # that have to call a request harmless that rules or the approved model take for an attack
WEAK_WEIGHT = 0.1  # of a label that no person gave
WEAK_SIGNS_MIN = 2  # kinds of signs that have to agree where no person spoke
WEAK_SHARE_MAX = 0.1  # of what is selected of one label
SUSPECT_AT = 0.25  # probability of the approved model, half of what is stopped, from which on a request counts as one that it takes for an attack
CONTESTED_MAX = 0.1  # of what is offered: somebody wants attacks to be taken for harmless
CONTESTED_MIN = 20
LABELLED_MIN = 20


@dataclass(frozen=True)
class Bounds:
    """`cap` is a share of the training set's replay, which nobody outside can make larger: of 20,000 replayed requests one client's are 200 at most."""

    start: int
    end: int
    quarantine_days: int = 7
    client: float = 0.01
    network: float = 0.01
    labeller: float = 0.01
    samples_max: int = 200_000
    policies: "tuple[str, ...]" = ()
    seed: int = 0
    people: int = PEOPLE_FOR_ATTACKS


@dataclass(frozen=True)
class Chosen:
    """A request to learn from. `weight` is 1 for people's words."""

    sample: Sample
    label: int
    weight: float
    people: "frozenset[str]" = frozenset()


@dataclass
class Selection:
    """What is learned from, in a fixed order; how many were offered; and what was cut, by why."""

    chosen: "list[Chosen]"
    offered: int
    cut: "Counter[str]" = field(default_factory=Counter)
    contested: int = 0

    @property
    def contested_share(self) -> float:
        return self.contested / max(1, self.offered)


_HEX_RE = re.compile(r"[0-9a-f]{8,}")
_DIGITS_RE = re.compile(r"[0-9]+")
_SPACE_RE = re.compile(r"\s+")


def template(sample: Sample) -> str:
    """What requests have in common that differ in numbers, ids and spaces alone, of all that models read: path, values, cookies, odd headers, decoded."""
    read = (f"{p.kind} {p.name} {p.value.decode('latin-1')}" for p in parts(sample.request))
    text = "\n".join((sample.request.method, *read)).lower()
    for pattern, by in ((_HEX_RE, "h"), (_DIGITS_RE, "0"), (_SPACE_RE, " ")):
        text = pattern.sub(by, text)
    return text


def select(samples: "list[Sample]", bounds: Bounds, replay: int, is_suspect: "Callable[[Sample], bool]") -> Selection:
    """`replay`: requests that are replayed beside; at least half of what is trained on is. `is_suspect`: the approved model takes it for an attack, or nearly."""
    found = Selection([], 0)
    words = [c for s in sorted(samples, key=lambda s: _order(bounds.seed, s.id)) if (c := _word(s, bounds, found, is_suspect)) is not None]
    words = _one_of_each_template(words, found)
    people = [c for c in words if c.people]
    words = people + _few(people, [c for c in words if not c.people], found)
    found.chosen = _capped(words, bounds, replay, found, is_suspect)
    return found


def check(found: Selection) -> None:
    """Raises Refused where the requests must not be trained on."""
    if found.contested >= CONTESTED_MIN and found.contested_share > CONTESTED_MAX:
        raise Refused(POISONED, f"{found.contested} of {found.offered} labelled requests ({found.contested_share:.0%}) look like attacks and are said to be harmless "
                                f"by too few people, or by one beyond what one may say; allowed are {CONTESTED_MAX:.0%}")
    if sum(1 for c in found.chosen if c.people) < LABELLED_MIN:
        raise Refused(TOO_FEW_LABELS, f"{sum(1 for c in found.chosen if c.people)} requests with a person's word are left; {LABELLED_MIN} are needed")


def _order(seed: int, identity: str) -> bytes:
    return hashlib.sha256(f"{seed}\n{identity}".encode()).digest()


def _word(sample: Sample, bounds: Bounds, found: Selection, is_suspect) -> "Chosen | None":
    """What is to be learned of one request, or None with the reason counted."""
    if not bounds.start <= sample.at < bounds.end:
        found.cut["outside the window"] += 1
        return None
    if bounds.policies and sample.policy not in bounds.policies:
        found.cut["other policy"] += 1
        return None
    latest = {}
    for label in sorted(sample.labels, key=lambda n: n.at):
        latest[label.by] = label
    ripe = {n.by: n.value for n in latest.values() if not n.revoked and n.at < bounds.end - bounds.quarantine_days * DAY}
    if not ripe:
        return _weak(sample, bool(latest), found)
    found.offered += 1
    if len(set(ripe.values())) > 1:
        found.cut["disputed"] += 1
        found.contested += 1
        return None
    label = next(iter(ripe.values()))
    signs = len(sample.signs & (BENIGN_SIGNS if label else ATTACK_SIGNS))
    if signs >= WEAK_SIGNS_MIN:
        found.cut["disputed by signs"] += 1
        found.contested += label == 0
        return None
    word = Chosen(sample, label, 1.0, frozenset(ripe))
    if len(ripe) < _needed(word, bounds, is_suspect):
        found.cut["needs a second person"] += 1
        found.contested += 1
        return None
    return word


def _weak(sample: Sample, waits: bool, found: Selection) -> "Chosen | None":
    if waits:
        found.cut["in quarantine or taken back"] += 1
        return None
    attack, benign = sample.signs & ATTACK_SIGNS, sample.signs & BENIGN_SIGNS
    if max(len(attack), len(benign)) < WEAK_SIGNS_MIN or (attack and benign) or (benign and sample.family):
        found.cut["weak signs alone" if sample.signs else "nothing said of it"] += 1
        return None
    return Chosen(sample, 1 if attack else 0, WEAK_WEIGHT)


def _one_of_each_template(words: "list[Chosen]", found: Selection) -> "list[Chosen]":
    """People's words first. Where two of a template say different things, neither counts."""
    groups: "dict[str, list[Chosen]]" = {}
    for word in sorted(words, key=lambda c: -c.weight):
        groups.setdefault(template(word.sample), []).append(word)
    out = []
    for group in groups.values():
        strong = [c for c in group if c.people] or group
        if len({c.label for c in strong}) > 1:
            found.cut["disputed"] += len(group)
            found.contested += sum(1 for c in strong if c.people and c.label == 0)
            continue
        out.append(group[0])
        found.cut["same template"] += len(group) - 1
    return out


def _few(people: "list[Chosen]", weak: "list[Chosen]", found: Selection) -> "list[Chosen]":
    """As many weak ones of a label as people's words of it allow: none without."""
    out = []
    for label in (0, 1):
        mine = [c for c in weak if c.label == label]
        room = int(WEAK_SHARE_MAX * sum(1 for c in people if c.label == label))
        out += mine[:room]
        found.cut["weak beyond their share"] += max(0, len(mine) - room)
    return out


def _capped(words: "list[Chosen]", bounds: Bounds, replay: int, found: Selection, is_suspect) -> "list[Chosen]":
    used: "Counter[tuple[str, str]]" = Counter()
    limit = {kind: max(1, int(share * replay)) for kind, share in (("client", bounds.client), ("network", bounds.network), ("labeller", bounds.labeller))}
    out = []
    for word in words:
        keys = [("client", word.sample.client), ("network", word.sample.network)]
        full = next((kind for kind, name in keys if used[kind, name] >= limit[kind]), None)
        # Who has said as much as one may takes no word away that others give as well.
        free = sorted(p for p in word.people if used["labeller", p] < limit["labeller"])
        if full is None and word.people and len(free) < _needed(word, bounds, is_suspect):
            full = "labeller"
        if full is None and len(out) >= min(replay, bounds.samples_max):
            full = "samples"
        if full is None:
            used.update((*keys, *(("labeller", p) for p in free)))
            out.append(word)
            continue
        found.cut[f"over the cap of {full}"] += 1
        if word.label == 0 and full != "samples" and (word.sample.family or is_suspect(word.sample)):
            found.contested += 1
    return out


def _needed(word: Chosen, bounds: Bounds, is_suspect) -> int:
    """People whose word counts that have to stand behind it."""
    return bounds.people if word.label == 0 and (word.sample.family or is_suspect(word.sample)) else 1
