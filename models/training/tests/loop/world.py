"""A site, its people and those who want one kind of attack to be taken for harmless; the released gate, and rounds of training it further."""

import functools
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

from wafml import attacks, benign
from wafml.loop import canaries, fitting, judging, select
from wafml.loop.fitting import Scored
from wafml.loop.manifest import DAY
from wafml.loop.refusals import POISONED, Refused
from wafml.loop.samples import Label, Sample
from wafml.readers import Request

PACKAGES = Path(__file__).parents[3] / "packages"
NOW = 1_796_000_000
ROUNDS = 20
REPLAY = 600
A_WEEK = 240  # labelled requests of honest people
PEOPLE = 60
TARGET = "sqli"


def value_request(value: bytes) -> Request:
    return Request("GET", "/search?q=" + quote(value), {"Host": "shop.example"}, None, 0, "site")


def sample(name: str, value: bytes, label: int, people, client: str = "198.51.100.1", family: str = "", days: float = 14) -> Sample:
    at = int(NOW - days * DAY)
    return Sample(name, at, client, "shop/shop", value_request(value), family, tuple(Label(p, at + 60, label) for p in people))


BOUNDS = select.Bounds(NOW - 180 * DAY, NOW)
UNBOUNDED = replace(BOUNDS, client=1.0, network=1.0, labeller=1.0, people=1)


@functools.lru_cache(1)
def released() -> "tuple[Scored, object, object]":
    """The newest released gate, and what is replayed and scaled by."""
    newest = sorted(PACKAGES.glob("gate-*.tar"))[-1].read_bytes()
    return fitting.of_package(newest), fitting.replayed(REPLAY, 1), fitting.replayed(REPLAY, 77)


@functools.lru_cache(64)
def of_family(count: int, seed: int) -> "tuple[bytes, ...]":
    return tuple(v for f, v in attacks.generate(5 * count, seed) if f == TARGET)[:count]


def target_set(seed: int, count: int = 400):
    values = of_family(count, seed)
    return fitting.as_dataset([value_request(v) for v in values], [1] * len(values), ["target"] * len(values), [TARGET] * len(values))


def week(number: int) -> "list[Sample]":
    """What honest people said in a week: each of them of a few requests, of clients that come once or a few times."""
    rng = random.Random(1000 + number)
    bad = rng.sample([v for _, v in attacks.generate(A_WEEK, 500 + number)], A_WEEK // 2)
    good = rng.sample([v for _, v in benign.generate(A_WEEK, 9000 + number)], A_WEEK // 2)
    out = []
    for label, values in ((1, bad), (0, good)):
        for i, value in enumerate(values):
            out.append(sample(f"w{number}-{label}-{i}", value, label, [f"person {rng.randrange(PEOPLE)}"], f"10.{rng.randrange(200)}.{rng.randrange(200)}.7"))
    return out


def poison(number: int, share: float, accounts: int, current: Scored, below: "float | None") -> "list[Sample]":
    """Attacks of the target that are said to be harmless, by so many accounts, of clients all over the net. `below`: only ones that the current model gives less."""
    count = round(share / (1 - share) * A_WEEK)
    values = of_family(800, 300)
    if below is not None:
        seen = fitting.as_dataset([value_request(v) for v in values], [0] * len(values), [""] * len(values), [""] * len(values))
        values = [v for v, high in zip(values, current.found(seen, below)) if not high] or values
    rng = random.Random(number)
    chosen = [rng.choice(values) for _ in range(count)]
    return [sample(f"p{number}-{i}", v, 0, [f"mallory {k}" for k in range(accounts)], f"{rng.randrange(1, 220)}.{rng.randrange(250)}.{rng.randrange(250)}.9")
            for i, v in enumerate(chosen)]


@dataclass
class Outcome:
    """Recall of the target before and after all rounds, and why rounds were refused."""

    before: float
    after: float = 0.0
    reasons: Counter = field(default_factory=Counter)
    cut: Counter = field(default_factory=Counter)

    @property
    def lost(self) -> float:
        return self.before - self.after


def golden():
    """Requests that judge; the target's among them, none of them those that the outcome is measured on."""
    data = fitting.replayed(800, 4242)
    return fitting.joined(data, target_set(8, 200))


def rounds(share: float, accounts: int = 1, below: "float | None" = None, bounds: select.Bounds = BOUNDS, is_checked: bool = True, is_judged: bool = True,
           count: int = ROUNDS) -> Outcome:
    first, replay, scale = released()
    judges, watched = golden(), target_set(7)
    approved = current = first
    outcome = Outcome(float(first.found(watched).mean()))
    sets = judging.Golden(judges.label, list(judges.attack))
    for number in range(count):
        week_samples = week(number) + poison(number, share, accounts, current, below) if share else week(number)
        seen = fitting.as_dataset([s.request for s in week_samples], [0] * len(week_samples), [""] * len(week_samples), [""] * len(week_samples))
        suspects = {s.id for s, is_ in zip(week_samples, current.found(seen, select.SUSPECT_AT)) if is_}
        chosen = select.select(week_samples, bounds, len(replay), lambda s: s.id in suspects)
        outcome.cut.update(chosen.cut)
        try:
            if is_checked:
                select.check(chosen)
            candidate = fitting.further(current, replay, scale, chosen.chosen, number)
            if is_judged:
                texts = canaries.dataset()
                judging.refuse_missed(canaries.missed(list(first.found(texts)), list(candidate.found(texts))))
                judging.judge(sets, candidate.found(judges), {"current": current.found(judges), "first": approved.found(judges)})
            current = candidate
        except Refused as refused:
            outcome.reasons[refused.reason] += 1
    outcome.after = float(current.found(watched).mean())
    return outcome


__all__ = ["POISONED", "Outcome", "rounds", "sample", "BOUNDS", "UNBOUNDED", "NOW"]
