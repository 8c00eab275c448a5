"""Subwords and sequences: nothing is lost, nothing is unknown, the file is what others read, and hostile text costs
what its bytes cost.
"""

import json
import random

import pytest

from wafml import learn_subwords, sequences
from wafml.readers import Request
from wafml.subwords import BYTE_BASE, CHARACTERS, CLS, PATTERN, SEP, SIGNS_MAX, SPECIAL, Subwords, spelled, words

TEXT = (
    b"select name from users where id = 1 or 1 = 1 -- "
    b"' union select password from users <script>alert(1)</script> ../../etc/passwd "
)

BOTH = [("a", 1, TEXT * 5), ("c", 1, TEXT * 5), ("b", 0, b"blue shoes and a select few " * 5)]


@pytest.fixture(scope="module")
def subwords() -> Subwords:
    return learn_subwords.learn(learn_subwords.word_weights(BOTH), 390)


def test_words_are_the_value(subwords):
    rng = random.Random(1)
    for _ in range(300):
        value = bytes(rng.choice(b" '\"<>/.=az09_\x00\x7f\x80\xff\xc3\xa9Z\n") for _ in range(rng.randrange(60)))
        assert b"".join(words(value)) == value
        assert subwords.decode(subwords.encode(value)) == value


def test_the_most_frequent_pairs_become_tokens(subwords):
    assert 350 < len(subwords) <= 390 and subwords.encode(b" select") == [subwords.tokens.index(b" select")]
    assert len(subwords.encode(b" qzx")) == 4


def test_merges_apply_in_their_order_from_the_left():
    a, b = BYTE_BASE + ord("a"), BYTE_BASE + ord("b")
    aa, ab = BYTE_BASE + 256, BYTE_BASE + 257
    both = Subwords([(a, a), (a, b)])
    assert both.encode(b"aaab") == [aa, ab] and both.encode(b"aab") == [aa, b] and both.encode(b"aaaaa") == [aa, aa, a]


def test_learning_does_not_depend_on_the_order_of_words():
    weights = learn_subwords.word_weights(BOTH)
    turned = dict(reversed(list(weights.items())))
    assert learn_subwords.learn(weights, 380).to_json() == learn_subwords.learn(turned, 380).to_json()


def test_no_source_rules_the_vocabulary():
    loud = [("loud", 0, b"shopkeeper " * 10_000), ("quiet", 0, b"shopkeeper " * 3)]
    rest = [(f"s{i}", 0, b"gardener " * 50) for i in range(20)]
    weights = learn_subwords.word_weights(loud + rest)
    assert weights[b" gardener"] > weights[b" shopkeeper"]


def test_what_one_source_alone_says_is_not_learned():
    weights = learn_subwords.word_weights(
        [("a", 0, b"common secret " * 50), ("b", 0, b"common " * 3), ("b", 1, b"secret ")]
    )
    assert set(weights) == {b" common"}


def test_the_file_is_read_back_and_a_changed_one_is_refused(subwords):
    text = subwords.to_json()
    assert Subwords.from_json(text).to_json() == text
    for change in (
        lambda f: f["model"].update(type="Unigram"),
        lambda f: f["added_tokens"].pop(),
        lambda f: f["model"]["merges"].reverse(),
        lambda f: f["pre_tokenizer"]["pretokenizers"][1]["pattern"].update(Regex="."),
        lambda f: f["model"]["vocab"].update({"a": 5}),
    ):
        file = json.loads(text)
        change(file)
        with pytest.raises((ValueError, KeyError)):
            Subwords.from_json(json.dumps(file))


def test_the_pattern_of_the_file_cuts_as_we_do():
    import re

    rng = random.Random(2)
    for _ in range(300):
        value = bytes(
            rng.randrange(256) if rng.random() < 0.3 else rng.choice(b" a1'") for _ in range(rng.randrange(50))
        )
        theirs = re.findall(PATTERN, "".join(CHARACTERS[b] for b in value))
        assert theirs == [spelled(w) for w in words(value)]


def test_text_that_spells_a_special_token_is_text(subwords):
    assert all(i >= BYTE_BASE for name in SPECIAL for i in subwords.encode(name.encode()))


def test_words_are_short_whatever_the_bytes_are(subwords):
    for byte in (b"a", b"1", b"'", b" ", b"\xff"):
        assert max(len(w) for w in words(byte * 10_000)) <= 25
    assert max(len(w) for w in words(b" " + b"/" * 100)) == SIGNS_MAX + 1


def request(uri="/", headers=None, body=None, method="GET"):
    return Request(method, uri, headers or {}, body, 0, "s")


def named(row):
    return [SPECIAL[i] if i < BYTE_BASE else "·" for i in row]


def test_sections_have_their_markers(subwords):
    rows, unread = sequences.tokens(
        request(
            "/a/b?q=it's+blue&id=7&x.y.z=1",
            {"User-Agent": "<b>", "X-Own": "a;b", "Content-Type": "text/plain", "Cookie": "c=o'clock"},
            "a, b",
            "POST",
        ),
        subwords,
        128,
    )
    assert unread == 0 and len(rows) == 1
    marks = [n for n in named(rows[0]) if n != "·"]
    assert marks == [
        "[CLS]",
        "POST",
        "<PATH>",
        "[SEP]",
        "<QUERY>",
        "<PARAM_VALUE>",
        "<PARAM_NAME>",
        "[SEP]",
        "<USER_AGENT>",
        "<HEADER>",
        "<COOKIE>",
        "[SEP]",
        "<BODY>",
        "[SEP]",
    ]


def test_the_host_and_plain_values_are_not_read(subwords):
    one = sequences.tokens(request("/?a=hello", {"Host": "shop.example"}), subwords, 128)
    other = sequences.tokens(request("/?a=12345", {"Host": "evil'<>.example"}, method="GET"), subwords, 128)
    assert one == other


def test_an_unknown_method_is_a_method(subwords):
    assert named(sequences.tokens(request(method="BREW"), subwords, 128).rows[0])[:2] == ["[CLS]", "<HTTP_METHOD>"]


def test_flags_stand_before_the_value(subwords):
    row = named(sequences.tokens(request("/?q=%2527%2520or"), subwords, 128).rows[0])
    at = row.index("<PARAM_VALUE>")
    assert row[at + 1] == "<FLAG_0>" and "<ENCODED_PAYLOAD>" in row[at:]


@pytest.mark.parametrize(
    "text, token",
    [
        (b"ey" + b"a" * 60 + b".eyb.c", "<JWT>"),
        (b"0f" * 40, "<HASH>"),
        (b"k3y_" * 20, "<AUTH_TOKEN>"),
        (b"0f" * 20, None),
        (b"word" * 20, None),
        (b"k3y " * 20, None),
        (b"ey" + b"a" * 80 + b".'.c", None),
    ],
)
def test_long_opaque_values_are_placeholders(text, token):
    found = sequences.placeholder(text, 0)
    assert (SPECIAL[found] if found >= 0 else None) == token and sequences.placeholder(text, 1) == -1


@pytest.mark.parametrize("length", sequences.LENGTHS)
def test_nothing_written_around_an_attack_pushes_it_out(subwords, length):
    payload = b"' union select password from users"
    attack = subwords.encode(payload)[1:]  # the quote may join with the sign before it
    assert 4 <= len(attack) < 16  # tokens that rows share
    for before in [*range(length // 2 - 20, length // 2 + 5), 150, 300]:
        for odd in (b"", b"z"):
            text = odd + b"z," * before + payload + b",y" * before
            content = [sequences.Value(1, SPECIAL.index("<PARAM_VALUE>"), 0, text)]
            rows, unread = sequences.build("GET", content, subwords, length)
            assert unread == 0 and all(len(r) <= length and r[0] == CLS and r[-1] == SEP for r in rows)
            assert any(attack == row[i : i + len(attack)] for row in rows for i in range(len(row)))
            assert all(SPECIAL[row[2]] == "<PARAM_VALUE>" for row in rows[1:])


def test_what_is_not_read_is_said(subwords):
    content = [
        sequences.Value(
            3, SPECIAL.index("<BODY>"), 0, bytes(random.Random(3).randrange(33, 127) for _ in range(60_000))
        )
    ]
    all_rows, nothing = sequences.build("POST", content, subwords, 128, most=10_000)
    rows, unread = sequences.build("POST", content, subwords, 128)
    assert nothing == 0 and len(rows) == sequences.SEQUENCES_MAX and rows == all_rows[:32]
    whole = len(subwords.encode(content[0].text)) + 1
    assert unread == whole - 125 - 31 * (124 - sequences.OVERLAP) > 0
