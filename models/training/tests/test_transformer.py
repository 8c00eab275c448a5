"""The transformer: what it may depend on, that it learns, resumes, stops, is exported as it is, and what its
judgement says.
"""

import json
import struct
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch

from wafml import packaging, release_transformer, sequences, taxonomy, token_corpus, train_transformer
from wafml.subwords import PAD, SPECIAL, Subwords
from wafml.token_corpus import HELD_OUT, TRAINING, VALIDATION, TokenCorpus
from wafml.train_transformer import Batches, Plan, Run, f1, judge, loss_of, score, worst_rows
from wafml.transformer import OUTPUTS, SHAPES, RequestTransformer, Shape, parameters, to_onnx, with_small_table

from . import requests

TINY = Shape(vocabulary=380, layers=2, hidden=16, heads=4, length=128)


def easy(path):
    """Requests that three words tell apart."""
    lines = [
        json.dumps(
            {
                "method": "GET",
                "uri": f"/s?q={text}%20{i}",
                "headers": {},
                "label": label,
                "source": source,
                "attack": attack,
            }
        )
        for i in range(96)
        for text, label, source, attack in (
            ("1'%20or%201=1--", 1, "set", "sqli"),
            ("blue%20shoes,", 0, "web-har/a/b", None),
        )
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> TokenCorpus:
    path = requests.write(tmp_path_factory.mktemp("data") / "data.jsonl", 160)
    read, rejects = token_corpus.read([path], 10_000, 1)
    assert len(read) == 320 and not rejects
    made, subwords = token_corpus.build(read, [0], 380, 128, echo=lambda _: None)
    assert 330 < len(subwords) <= 380
    return made


def plan(**options) -> Plan:
    return replace(Plan(epochs=2, batch=16, validate_every=10, checkpoint_every=4, rate=3e-3), **options)


def test_the_shapes_are_those_that_were_agreed():
    small = RequestTransformer(SHAPES["transformer-small"])
    assert 1_400_000 < parameters(small) < 1_800_000
    with torch.no_grad():
        assert 25e6 < sum(p.numel() for p in RequestTransformer(SHAPES["transformer"]).parameters()) < 31e6
    assert SHAPES["distil"].layers == 6 and SHAPES["distil"].hidden == 768 and SHAPES["distil"].length == 512


def test_padding_changes_nothing():
    torch.manual_seed(1)
    model = RequestTransformer(TINY).eval()
    tokens = torch.randint(1, 380, (3, 20))
    padded = torch.cat([tokens, torch.full((3, 44), PAD)], dim=1)
    for one, other in zip(model(tokens), model(padded)):
        assert torch.allclose(one, other, atol=1e-5)


def test_checkpointed_layers_give_the_same_gradient():
    torch.manual_seed(1)
    plain = RequestTransformer(replace(TINY, dropout=0.0)).train()
    other = RequestTransformer(replace(TINY, dropout=0.0, checkpointing=True)).train()
    other.load_state_dict(plain.state_dict())
    tokens = torch.randint(1, 380, (3, 20))
    for model in (plain, other):
        model(tokens)[0].sum().backward()
    assert torch.allclose(plain.layers[0].wide.weight.grad, other.layers[0].wide.weight.grad, atol=1e-6)


def test_uncertainty_is_positive_and_draws_the_logit_to_zero():
    model = RequestTransformer(TINY).eval()
    tokens = torch.randint(1, 380, (4, 20))
    sure, wide, *_ = model(tokens)
    assert (wide > 0).all()
    with torch.no_grad():
        model.width[2].bias += 10
    unsure = model(tokens)[0]
    assert (unsure.abs() < sure.abs()).all() and (unsure.sign() == sure.sign()).all()


def test_every_output_teaches():
    model = RequestTransformer(TINY).train()
    loss = loss_of(
        model(torch.randint(1, 380, (4, 20))),
        torch.tensor([1.0, 1, 0, 0]),
        torch.tensor([0, 2, -1, -1]),
        torch.tensor([1, -1, -1, -1]),
    )
    loss.backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not [n for n in without if "bias" not in n]


def test_the_worst_row_of_a_request_counts():
    logit = torch.tensor([0.5, 3.0, -1.0, 2.0, 9.0, 1.0])
    assert worst_rows(logit, np.array([0, 0, 1, 2, 2, 2]), 3).tolist() == [1, 2, 4]


def test_rows_belong_to_their_requests(corpus):
    batches = Batches(corpus, TRAINING)
    batch = batches.requests[:7]
    tokens, owner = batches.rows(batch)
    assert sorted(set(owner)) == list(range(7)) and tokens.shape[1] % train_transformer.LENGTH_STEP == 0
    for i, row in enumerate(tokens):
        first = corpus.request_bounds[batch[owner[i]]]
        if owner[i] not in owner[:i]:
            expected = corpus.tokens[corpus.row_bounds[first] : corpus.row_bounds[first + 1]]
            assert row[: len(expected)].tolist() == expected.tolist() and not row[len(expected) :].any()


def test_sources_are_on_one_side(corpus):
    held = set(corpus.group[corpus.part == HELD_OUT])
    assert held and not held & set(corpus.group[corpus.part != HELD_OUT]) and (corpus.part == VALIDATION).any()


def test_it_learns_and_scores_come_in_the_order_asked(tmp_path):
    read, _ = token_corpus.read([easy(tmp_path / "easy.jsonl")], 10_000, 1)
    made, _ = token_corpus.build(read, [], 380, 128, echo=lambda _: None)
    run = Run(made, TINY, plan(epochs=6, patience=99), tmp_path, echo=lambda _: None)
    model = run.fit()
    rows = np.flatnonzero(made.part == TRAINING)
    found = score(model, Batches(made, TRAINING), rows)
    assert f1(found["logit"], made.label[rows]) > 0.95, run.history
    turned = score(model, Batches(made, TRAINING), rows[::-1].copy())
    assert np.allclose(found["logit"][::-1], turned["logit"], atol=1e-4)
    assert (tmp_path / "curve.csv").read_text().startswith("step,of,loss,f1")


def test_sources_that_were_held_out_judge(corpus):
    torch.manual_seed(1)
    judged = judge(RequestTransformer(TINY), corpus)
    assert judged["heldOut"]["fpr_0.01"]["fpr"] <= 0.01 and 0 <= judged["heldOut"]["validationThreshold"]["auc"] <= 1
    assert set(judged["heldOut"]["fpr_0.01"]["sources"]) == set(corpus.group[corpus.part == HELD_OUT])
    json.dumps(judged)


def test_a_run_that_was_cut_ends_like_one_that_was_not(corpus, tmp_path):
    whole = Run(corpus, TINY, plan(), tmp_path / "whole", echo=lambda _: None).fit()
    cut = Run(corpus, TINY, plan(), tmp_path / "cut", echo=lambda _: None)
    real, calls = cut.save, []

    def save():
        real()
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt

    cut.save = save
    with pytest.raises(KeyboardInterrupt):
        cut.fit()
    resumed = Run(corpus, TINY, plan(), tmp_path / "cut", echo=lambda _: None)
    assert resumed.step == 8
    for one, other in zip(whole.parameters(), resumed.fit().parameters()):
        assert torch.allclose(one, other, atol=1e-5)


def test_a_run_ends_in_its_time_with_the_rate_of_the_end(corpus, tmp_path, monkeypatch):
    clock = iter(range(0, 10_000, 7))  # every look at the clock is seven seconds later
    monkeypatch.setattr(train_transformer.time, "monotonic", lambda: float(next(clock)))
    run = Run(corpus, TINY, plan(epochs=500, minutes=5, validate_every=10_000), tmp_path, echo=lambda _: None)
    run.fit()
    last = run.history[-1]
    assert 5 < run.step < run.steps and last["step"] == run.step
    assert last["rate"] < 0.1 * run.plan.rate and (tmp_path / "run.ckpt").exists()
    again = Run(corpus, TINY, run.plan, tmp_path, echo=lambda _: None)
    again.fit()
    assert again.step == run.step and len(again.history) == len(run.history)


def test_a_checkpoint_of_another_shape_is_refused(corpus, tmp_path):
    Run(corpus, TINY, plan(), tmp_path, echo=lambda _: None).save()
    with pytest.raises(ValueError, match="another shape"):
        Run(corpus, replace(TINY, layers=1), plan(), tmp_path, echo=lambda _: None)


def test_it_stops_when_validation_gets_no_better_and_keeps_the_best(corpus, tmp_path, monkeypatch):
    said = iter([0.5, 0.9, 0.7, 0.6, 0.95, 0.95])
    monkeypatch.setattr(train_transformer, "f1", lambda *_: next(said))
    run = Run(corpus, TINY, plan(validate_every=1, patience=2), tmp_path, echo=lambda _: None)
    kept = []
    real = run._validate
    run._validate = lambda loss: (real(loss), kept.append({k: v.clone() for k, v in run.model.state_dict().items()}))
    model = run.fit()
    assert run.step == 4 and all(torch.equal(v, kept[1][k]) for k, v in model.state_dict().items())


def test_accumulated_batches_are_one_step(corpus, tmp_path):
    run = Run(corpus, TINY, plan(accumulate=4, clip=0.5), tmp_path, echo=lambda _: None)
    before = len(run.queue) or -(-len(run.batches.requests) // 16)
    run._step()
    assert before - len(run.queue) == 4 and run.steps == 2 * -(-len(run.batches.requests) // 64)


def test_the_exported_graph_has_its_tensors_and_no_operator_that_is_not_allowed():
    graph = onnx.load_from_string(to_onnx(RequestTransformer(TINY))).graph
    assert [i.name for i in graph.input] == ["tokens"] and tuple(o.name for o in graph.output) == OUTPUTS
    allowed = open("../../crds/Protocols/Models/OnnxPolicy.cs").read()
    assert not [n.op_type for n in graph.node if f'"{n.op_type}"' not in allowed]


def test_a_package_holds_what_runtimes_have_to_answer(corpus, tmp_path):
    words = [("set", 1, b"union select"), ("page", 0, b"union of fruit")]
    subwords = release_transformer.learn_subwords.learn(release_transformer.learn_subwords.word_weights(words), 330)
    model = RequestTransformer(replace(TINY, vocabulary=len(subwords)))
    archive = release_transformer.package(model, subwords, {"name": "x", "version": "1.0.0", "corpus": 5})
    manifest, files = packaging.read(archive)
    assert manifest["kind"] == "request-transformer" and manifest["rowTokens"] == 128
    assert [o["name"] for o in manifest["outputs"]] == list(OUTPUTS) and "corpus" not in manifest
    lines = [json.loads(line) for line in files["golden.jsonl"].splitlines()]
    assert len(lines) > 40 and all(line["type"].startswith(line["family"] + "/") for line in lines)
    assert {t.split("/")[0] for t in manifest["types"]} == set(manifest["families"]) and len(manifest["types"]) == 26
    read = Subwords.from_json(files["tokenizer.json"].decode())
    assert read.encode(b"union select") == subwords.encode(b"union select")


def test_a_request_is_sent_to_a_pool_with_every_value_that_its_rows_are_made_of():
    for row in release_transformer.written_requests():
        request = release_transformer.read_as_recorded(row)
        body = release_transformer.compact(request)
        magic, version, reserved, count, length = struct.unpack_from("<4sBBH32xB", body)
        assert (magic, version, reserved) == (b"WAFR", 1, 0)
        at = 41 + length
        assert body[41:at] == row["method"].encode()
        found = []
        for _ in range(count):
            section, marker, flags, size = struct.unpack_from("<BBHH", body, at)
            found.append(sequences.Value(section, marker, flags, body[at + 6 : at + 6 + size]))
            at += 6 + size
        assert at == len(body) and found == sequences.values(request)


def test_the_table_of_a_package_is_nearly_the_models():
    model = RequestTransformer(TINY).eval()
    small = with_small_table(model)
    tokens = torch.randint(1, 380, (4, 20))
    for one, other in zip(model(tokens), small(tokens)):
        assert torch.allclose(one, other, atol=0.05)
    assert len(to_onnx(small)) < len(to_onnx(model)) and small.embed(torch.tensor([PAD])).abs().sum() == 0


def test_calibration_makes_one_harmless_request_in_a_thousand_critical(corpus):
    rows = train_transformer.requests_of(corpus)["heldOut"]
    rng = np.random.default_rng(1)
    label = corpus.label[rows]
    found = {"logit": rng.normal(4 * label - 2.0, 1.0), "uncertainty": rng.random(len(rows))}
    said = release_transformer.calibrated(corpus, found)
    joined = said["cascade"]["modelWeight"] * found["logit"] + said["cascade"]["intercept"]
    critical = 1 / (1 + np.exp(-joined)) > release_transformer.CRITICAL + 1e-9
    assert critical[label == 0].mean() <= release_transformer.RAISED_SHARE and critical[label == 1].mean() > 0.3
    assert (found["uncertainty"][label == 0] > said["thresholds"]["uncertain"]).mean() <= 0.01
    assert said["thresholds"]["fpr_0.01"] <= said["thresholds"]["fpr_0.001"]


@pytest.mark.parametrize(
    "attack, text, expected",
    [
        ("sqli", b"1 union all select 2", "sqli/union"),
        ("sqli", b"1 and sleep(5)", "sqli/timed"),
        ("sqli", b"' or 1=1", "sqli/boolean"),
        ("nosqli", b"{$ne:1}", "sqli/nosql"),
        ("xss", b"<script>x", "xss/script"),
        ("xss", b"<img onerror=x", "xss/handler"),
        ("cmdi", b";id", "command/shell"),
        ("ssti", b"{{7*7}}", "command/template"),
        ("rfi", b"http://x", "path/inclusion"),
        ("ldapi", b"*)(uid=*", "ldap/filter"),
        ("xxe", b"<!entity x system 'file:///a'>", "xxe/file"),
        ("xxe", b"<!entity % x system 'http://a'>", "xxe/parameter"),
        ("xxe", b"<!entity a 'b'>", "xxe/expansion"),
    ],
)
def test_families_and_types(attack, text, expected):
    family, kind = taxonomy.classify(attack, [text])
    assert taxonomy.type_name(kind) == expected and taxonomy.FAMILIES[family] == expected.split("/")[0]


def test_what_has_no_family_has_none():
    assert taxonomy.classify("scanner", [b"x"]) == (-1, -1) and taxonomy.classify("sqli", [b"plain"]) == (0, -1)
    assert taxonomy.TYPE_COUNT == 26 and [len(t) for t in taxonomy.TYPES] == [5, 7, 4, 3, 3, 4]
