"""The own grammars: what they write is what they say, and neither side writes the other's."""

import random
import re

from wafml import attacks, attacks_beside, benign
from wafml.attacks_beside import BESIDE, BESIDE_FAMILIES
from wafml.benign_short import SHORT, SHORT_KINDS
from wafml.grammar import Grammar


def test_separators_are_short_and_hold_no_word():
    grammar, rng = Grammar(SHORT), random.Random(1)
    values = {grammar.expand("separator", rng) for _ in range(2_000)}
    assert {";", "|", "\"", ","} <= values and max(map(len, values)) <= 7
    assert not [v for v in values if re.search(r"[A-Za-z]{2,}", re.sub(r"&\w+;|\\\w+", "", v))]


def test_what_is_harmless_runs_no_command_behind_a_separator():
    grammar, rng = Grammar(SHORT), random.Random(2)
    short = re.compile(r"(?:^|\w)[;|&]+\s*(?:id|ls|whoami|cat)\b|\$\((?:id|ls)|`(?:id|ls)`")
    found = [v for kind in SHORT_KINDS for v in (grammar.expand(kind, rng) for _ in range(400)) if short.search(v)]
    assert not found, found[:5]


def test_payloads_beside_words_have_words_beside_them():
    grammar, rng = Grammar(BESIDE), random.Random(3)
    values = [grammar.expand(kind, rng) for kind in BESIDE_FAMILIES for _ in range(300)]
    assert sum(bool(re.search(r"[A-Za-z]{3,}", v)) for v in values) > 0.98 * len(values)
    assert any(re.search(r"\w;id", v) for v in values) and any("../" in v for v in values) and any("union" in v for v in values)


def test_commands_are_short_and_stand_alone():
    values = attacks_beside.commands(2_000, 7)
    assert values == attacks_beside.commands(2_000, 7) and {b";id", b"|id", b"$(id)", b"`id`"} <= set(values)
    assert max(map(len, values)) <= 60 and not set(values) & set(benign.notes(2_000, 7))


def test_the_sides_share_next_to_nothing():
    bad, good = {v for _, v in attacks.generate(4_000, 5)}, {v for _, v in benign.generate(8_000, 6)}
    assert len(bad & good) <= 0.002 * len(good)
    assert {kind for kind, _ in benign.generate(8_000, 6)} >= set(SHORT_KINDS)


def test_what_applications_send_holds_nothing_that_acts():
    values = [v.decode() for v in benign.apps(6_000, 9)]
    acting = re.compile(r"<script(?! type=.(?:application/(?:ld\+)?json|text/template))|\bon\w+=[\"'](?!return false;|\w+\(\)|[\"'])|javascript:|\.\./\.\./|^/etc/|union\s+select|(?:'|\")\s*or\s|\$\((?:id|ls|cat)", re.I)
    found = [v for v in values if acting.search(v)]
    assert not found, found[:5]
    assert values == [v.decode() for v in benign.apps(6_000, 9)] and len(set(values)) > 5_000 and not {v.encode() for v in values} & set(attacks_beside.commands(2_000, 7))
