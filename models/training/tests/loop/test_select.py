"""What is selected of a site's requests: each bound by itself, and what attackers reach over twenty rounds with and without them."""

import gzip
import json
from collections import Counter
from dataclasses import replace

import pytest

from wafml.loop import samples, select
from wafml.loop.manifest import DAY
from wafml.loop.refusals import DATA_QUALITY, POISONED, RECALL_FELL, TOO_FEW_LABELS, Refused
from wafml.loop.samples import Label
from wafml.readers import Request

from . import world
from .world import BOUNDS, NOW, UNBOUNDED, sample

REPLAY = 1_000


def chosen(some, bounds=BOUNDS, suspects=()):
    return select.select(some, bounds, REPLAY, lambda s: s.id in suspects)


def words(count: int, label: int = 0, people=("ada",), client=None, start: int = 0, **more):
    return [sample(f"s{start + i}", b"shoes of kind " + "abcdefghijklmnopqrstuvwxyz"[i % 26].encode() * (1 + i // 26), label, people,
                   client or f"10.{i % 200}.{i // 200}.7", **more) for i in range(count)]


@pytest.mark.parametrize("kind, change", [
    ("client", lambda i: {"client": "192.0.2.9"}), ("network", lambda i: {"client": f"192.0.2.{i}"}), ("labeller", lambda i: {"client": f"10.{i}.0.1"})])
def test_no_origin_gives_more_than_a_hundredth_of_what_is_replayed(kind, change):
    some = [replace(s, client=change(i)["client"], labels=(Label("one" if kind == "labeller" else f"p{i}", s.at, 0),)) for i, s in enumerate(words(60))]
    found = chosen(some)
    assert len(found.chosen) == 10 and found.cut[f"over the cap of {kind}"] == 50
    assert len(chosen(some, UNBOUNDED).chosen) == 60


def test_networks_of_both_families():
    of = lambda client: sample("a", b"x", 0, ["p"], client).network
    assert of("192.0.2.77") == "192.0.2.0/24" == of("::ffff:192.0.2.1") and of("2001:db8:1:2::3") == "2001:db8:1::/48" and of("unix") == "unix"


def test_harmless_on_an_attack_family_needs_two_people_whoever_took_it_for_one():
    by_rules, by_model, plain = sample("a", b"one", 0, ["ada"], family="sqli"), sample("b", b"two", 0, ["ada"]), sample("c", b"three", 0, ["ada"])
    found = chosen([by_rules, by_model, plain], suspects={"b"})
    assert [c.sample.id for c in found.chosen] == ["c"] and found.cut["needs a second person"] == 2 and found.contested == 2
    twice = replace(by_rules, labels=(*by_rules.labels, Label("ben", by_rules.at, 0)))
    assert [c.label for c in chosen([twice]).chosen] == [0]
    alone = replace(by_rules, labels=(Label("ada", by_rules.at, 0), Label("ada", by_rules.at + 9, 0)))
    assert not chosen([alone]).chosen
    assert [c.label for c in chosen([sample("d", b"four", 1, ["ada"], family="sqli")]).chosen] == [1]


@pytest.mark.parametrize("days, counts", [(7.1, True), (6.9, False), (0, False)])
def test_labels_wait_for_seven_days(days, counts):
    made = sample("a", b"x1", 0, ["ada"], days=20)
    ripe = replace(made, labels=(Label("ada", int(NOW - days * DAY), 0),))
    assert bool(chosen([ripe]).chosen) is counts


def test_what_a_person_said_last_holds_and_can_be_taken_back():
    made = sample("a", b"x1", 0, [])
    at = made.at
    assert chosen([replace(made, labels=(Label("ada", at, 0), Label("ada", at + 5, 1)))]).chosen[0].label == 1
    assert not chosen([replace(made, labels=(Label("ada", at, 0), Label("ada", at + 5, 0, revoked=True)))]).chosen
    # Taken back within the quarantine of the label that takes it back: it does not count either way.
    assert not chosen([replace(made, labels=(Label("ada", at, 0), Label("ada", NOW - DAY, 0, revoked=True)))]).chosen


def test_people_who_disagree_teach_nothing():
    made = sample("a", b"x1", 0, [])
    found = chosen([replace(made, labels=(Label("ada", made.at, 0), Label("ben", made.at, 1)))])
    assert not found.chosen and found.cut["disputed"] == 1 and found.contested == 1


def test_one_of_each_template():
    some = [sample(f"a{i}", b"order %d of 2026, deadbeef%08x" % (i, i), 0, [f"p{i}"], f"10.{i}.0.1") for i in range(30)]
    found = chosen(some)
    assert len(found.chosen) == 1 and found.cut["same template"] == 29
    assert not chosen([*some, sample("z", b"order 77 of 2026, deadbeef00000000", 1, ["q"])]).chosen


def test_templates_tell_apart_what_models_would():
    of = lambda uri, **headers: select.template(replace(sample("a", b"", 0, ["p"]), request=Request("GET", uri, headers, None, 0, "site")))
    assert of("/s?q=%D0%B4%D0%BE%D0%BC") != of("/s?q=%D0%BB%D0%B5%D1%81") and of("/s?q=%27%3B%2D") != of("/s?q=%D0%B4%D0%BE")
    assert of("/s?q=order+17") == of("/s?q=order%2042")
    assert of("/", **{"X-Api": "${jndi:ldap://a}"}) != of("/") and of("/", Cookie="a='or 1=1") != of("/", Cookie="a=b")


def test_who_has_said_all_that_one_may_takes_no_word_from_others():
    talker = words(40, people=("one",))
    shared = words(20, people=("one", "other"), start=100)
    assert sum(1 for c in chosen([*talker, *[replace(s, id=f"x{i}", request=replace(s.request, uri=f"/other{'abcdefghijklmnopqrstuvwxyz'[i % 26]}"))
                                             for i, s in enumerate(shared)]]).chosen if "other" in c.people) == 10
    twice = [replace(s, family="sqli") for s in shared]
    assert len(chosen(twice).chosen) == 10 and chosen(twice).contested == 10


def test_signs_of_machines_weigh_little_and_count_for_nothing_alone():
    signed = lambda name, value, *signs: replace(sample(name, value, 0, []), signs=frozenset(signs))
    weak = [signed(f"w{i}", b"weak %s" % (b"abcdefghij"[i:i + 1] * 3), "honeypot", "scanner") for i in range(10)]
    assert not chosen(weak).chosen
    people = [sample(f"p{i}", b"attack " + b"xyzuvwrstq"[i % 10:i % 10 + 1] * (2 + i // 10), 1, [f"p{i}"], f"10.{i}.0.1") for i in range(50)]
    found = chosen(people + weak)
    mine = [c for c in found.chosen if not c.people]
    assert len(mine) == 5 and {c.weight for c in mine} == {select.WEAK_WEIGHT} and {c.label for c in mine} == {1} and found.cut["weak beyond their share"] == 5
    assert not [c for c in chosen(people + [signed("o", b"only one", "honeypot")]).chosen if not c.people]
    assert not [c for c in chosen(people + [signed("o", b"both ways", "honeypot", "scanner", "verified")]).chosen if not c.people]
    family = replace(signed("o", b"an exclusion", "exclusion", "verified"), family="sqli")
    assert not [c for c in chosen(words(30, people=("q",)) + [family]).chosen if not c.people]


def test_window_and_policies():
    old, new, other = sample("a", b"a1", 0, ["p"], days=181), sample("b", b"b1", 0, ["p"]), replace(sample("c", b"c1", 0, ["p"]), policy="apps/wiki")
    assert [c.sample.id for c in chosen([old, new, other], replace(BOUNDS, policies=("shop/shop",))).chosen] == ["b"]


def test_no_more_than_is_replayed():
    some = [replace(s, labels=(Label(f"p{i}", s.at, 0),), client=f"10.{i % 250}.{i // 250}.1") for i, s in enumerate(words(1_300))]
    assert len(chosen(some, replace(UNBOUNDED)).chosen) == REPLAY
    assert len(chosen(some, replace(UNBOUNDED, samples_max=50)).chosen) == 50


def test_order_is_of_the_seed_and_not_of_the_file():
    some = words(60)
    ids = lambda found: [c.sample.id for c in found.chosen]
    assert ids(chosen(some)) == ids(chosen(some[::-1])) != ids(chosen(some, replace(BOUNDS, seed=1)))


def test_too_few_words_are_no_run():
    with pytest.raises(Refused) as refused:
        select.check(chosen(words(19, people=("a",))))
    assert refused.value.reason == TOO_FEW_LABELS


def test_lines_that_cannot_be_read_are_counted(tmp_path):
    good = {"id": "1", "time": "2026-11-20T09:00:00Z", "client": "192.0.2.1", "method": "GET", "uri": "/", "headers": {},
            "labels": [{"by": "ada", "at": "2026-11-21T10:00:00+01:00", "label": 0}], "signs": ["honeypot", "made up"]}
    lines = [good, good, {**good, "id": "2", "uri": 7}, {**good, "id": "3", "labels": [{"by": "a", "at": "x", "label": 0}]},
             {**good, "id": "4", "labels": [{"by": "a", "at": "2026-11-21", "label": 2}]}, {**good, "id": "x" * 300}]
    path = tmp_path / "week.jsonl"
    path.write_bytes(b"".join(json.dumps(n).encode() + b"\n" for n in lines) + b"{\n" + b"x" * (samples.LINE_BYTES_MAX + 5) + b"\n" + json.dumps({**good, "id": "9"}).encode())
    rejects = Counter()
    found = samples.read([path], rejects)
    assert [s.id for s in found] == ["1", "9"] and found[0].signs == {"honeypot"} and found[0].labels[0].at - found[0].at == DAY
    assert rejects == {"same event": 1, "schema": 4, "not JSON": 1, "line too long": 1}


def test_labels_of_a_line_are_one_a_person_and_never_older_than_the_request():
    line = lambda **more: json.dumps({"id": "1", "time": "2026-11-20T09:00:00Z", "client": "192.0.2.1", "method": "GET", "uri": "/", "headers": {}, **more}).encode()
    said = lambda by, at, label: {"by": by, "at": at, "label": label}
    found = samples._parsed(line(labels=[said("Ada", "2026-01-01", 0)] * 70 + [said("ada ", "2026-11-22", 1), said("ben", "2026-01-01", 0)]), Counter())
    assert [(n.by, n.value, n.at - found.at >= 0) for n in found.labels] == [("ada", 1, True), ("ben", 0, True)]
    for wrong in ({"labels": [said("a", "2026-11-22", 1e400)]}, {"id": "\ud800"}, {"uri": "/\udfff"}, {"headers": {"a": "\ud800"}},
                  {"labels": [said(f"p{i}", "2026-11-22", 0) for i in range(65)]}):
        rejects = Counter()
        assert samples._parsed(line(**wrong), rejects) is None and rejects == {"schema": 1}, wrong


def test_a_file_that_ends_in_its_middle_or_is_too_much_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "week.jsonl.gz"
    path.write_bytes(gzip.compress(b"x" * 100_000 + b"\n")[:60])
    with pytest.raises(Refused) as refused:
        samples.read([path], Counter())
    assert refused.value.reason == DATA_QUALITY
    monkeypatch.setattr(samples, "READ_BYTES_MAX", 1_000)
    path.write_bytes(gzip.compress(b"{}\n" * 1_000))
    with pytest.raises(Refused):
        samples.read([path], Counter())


def test_without_anybody_wrong_the_rounds_go_on_and_nothing_is_lost():
    outcome = world.rounds(0.0, count=4, is_judged=False)
    assert not outcome.reasons and outcome.lost <= 0.01


@pytest.mark.parametrize("share, accounts, is_judged", [(0.01, 1, False), (0.05, 1, False), (0.05, 2, True)])
def test_attackers_with_little_of_the_traffic_cost_a_point_at_most(share, accounts, is_judged):
    """Twenty rounds, each on what the one before made. Against one account the bounds hold by themselves, without the sets that judge; two that vouch for each
    other get a hundredth of the replay in (2.8 points in twenty rounds), and it is the judges that end it."""
    outcome = world.rounds(share, accounts, is_judged=is_judged)
    assert is_judged or not outcome.reasons
    assert outcome.before > 0.9 and outcome.lost <= 0.01, outcome


def test_without_the_bounds_they_cost_more_than_that():
    outcome = world.rounds(0.05, bounds=UNBOUNDED, is_checked=False, is_judged=False)
    assert outcome.lost > 0.015, outcome


def test_without_the_bounds_the_sets_that_judge_end_it():
    outcome = world.rounds(0.2, bounds=UNBOUNDED, is_checked=False, count=8)
    assert outcome.reasons[RECALL_FELL] > 0 and outcome.lost <= 0.015, outcome


@pytest.mark.parametrize("accounts", [1, 2])
def test_attackers_with_a_fifth_of_the_traffic_have_every_round_refused(accounts):
    outcome = world.rounds(0.2, accounts)
    assert outcome.reasons == {POISONED: world.ROUNDS} and outcome.lost == 0, outcome
