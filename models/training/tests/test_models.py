"""Networks, packages and the whole pipeline on tiny shapes."""

import base64
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tests import requests
from wafml import attacks, benign, export, joint, metrics, packaging, pipeline, signals
from wafml.augment import ENCODINGS
from wafml.cnn import REACH_BYTES, FoldedCnn, PayloadCnn, from_kernel, kernel_bytes
from wafml.features import LENGTH_BUCKETS, VOCABULARY
from wafml.gate import Gate
from wafml.normalize import normalize

sys.path.insert(0, str(Path(__file__).parents[1]))
import degrade  # noqa: E402


def sample(length: int) -> torch.Tensor:
    return torch.randint(0, VOCABULARY, (3, length), generator=torch.Generator().manual_seed(length))


def test_folding_the_embedding_changes_nothing():
    model = PayloadCnn().eval()
    with torch.no_grad():
        for length in LENGTH_BUCKETS:
            assert torch.allclose(model(sample(length))[0], FoldedCnn(model).eval()(sample(length))[0], atol=1e-5)


def test_a_network_read_from_its_kernel_computes_the_same():
    model = PayloadCnn().eval()
    again = from_kernel(kernel_bytes(model)).eval()
    with torch.no_grad():
        for ours, theirs in zip(model(sample(64)), again(sample(64))):
            assert torch.allclose(ours, theirs, atol=1e-5)
    with pytest.raises(ValueError, match="not a kernel file"):
        from_kernel(b"WAFCNN01" + bytes(64))


def test_what_stands_far_from_a_place_changes_nothing_there():
    """The highest position counts, and each sees REACH_BYTES: text beside an attack can raise a score and never lower it."""
    torch.manual_seed(3)
    model = PayloadCnn().eval()
    core = torch.randint(3, 259, (1, 96))
    inner = slice(REACH_BYTES // 4 // 2 + 1, 96 // 4 - REACH_BYTES // 4 // 2 - 1)
    with torch.no_grad():
        def positions(tokens):
            x = torch.nn.functional.max_pool1d(torch.relu(model.conv0(model.embed(tokens).transpose(1, 2))), 4)
            x = x + torch.relu(model.conv1(x))
            x = x + torch.relu(model.conv2(x))
            return model.logit(torch.relu(model.dense(x)).transpose(1, 2)).squeeze(2)
        alone = positions(core)[0]
        assert torch.isclose(alone.max(), model(core)[0][0], atol=1e-5)
        for before, behind in ((4, 0), (32, 16), (64, 96)):
            other = torch.cat((torch.randint(3, 259, (1, before)), core, torch.randint(3, 259, (1, behind))), 1)
            assert torch.allclose(positions(other)[0][before // 4:][inner], alone[inner], atol=1e-5)
            assert model(other)[0][0] >= alone[inner].max() - 1e-5


def test_eight_bit_weights_stay_close_and_leave_the_model_alone():
    model = PayloadCnn().eval()
    with torch.no_grad():
        before = model(sample(32))[0]
        rounded = export.quantized_copy(model)(sample(32))[0]
        assert torch.equal(before, model(sample(32))[0])
    assert 0 < (before - rounded).abs().max() < 0.05


def test_onnx_files_have_the_declared_names_and_the_small_one_is_small():
    import onnx
    full = export.to_onnx(PayloadCnn())
    small = export.to_int8(full)
    graph = onnx.load_from_string(full).graph
    assert [i.name for i in graph.input] == ["tokens"] and [o.name for o in graph.output] == ["logit", "families"]
    assert len(small) < 0.35 * len(full) and len(kernel_bytes(PayloadCnn())) < 500_000


def test_grammars_write_values_that_encodings_keep_decodable():
    import random
    bad, good = attacks.generate(2000, 1), benign.generate(2000, 1)
    assert len({f for f, _ in bad}) == 16
    overlap = {v for _, v in bad} & {v for _, v in good}
    assert len(overlap) < 5
    rng = random.Random(1)
    for encode in set(ENCODINGS):
        for _, value in bad[:50]:
            normalize(encode(value, rng))


def test_figures_of_merit():
    attack, benign_scores = np.array([3.0, 2.0, -1.0, 4.0]), np.array([0.0, -2.0, 2.5, -3.0])
    assert metrics.recall_at(attack, benign_scores, 0.25) == 0.75
    assert metrics.recall_at(attack, benign_scores, 0.0) == 0.5
    assert metrics.auc(attack, benign_scores) == 13 / 16
    slope, intercept = metrics.platt(np.array([-2.0, -1.0, 1.0, 2.0, -0.5, 0.5]), np.array([0, 0, 1, 1, 1, 0]))
    assert slope > 0 and abs(intercept) < 1


def rule_answers(tmp_path, matched: "list[tuple[int, str]]") -> joint.RuleAnswers:
    path = tmp_path / "rules.tsv"
    path.write_text("".join(
        f"f\t{i}\t{y}\ts\t\t0\t0\t{ids}\t{' '.join('0:20:' + k for k in ids.split(',') if k)}\n" for i, (y, ids) in enumerate(matched)))
    return joint.read(path, np.array([y for y, _ in matched]))


def test_rules_that_tell_classes_apart_get_weight_and_others_none(tmp_path):
    rng = np.random.default_rng(1)
    label = np.arange(4000) % 2
    matched = [(y, ",".join(i for i, chance in (("942100", 0.8 if y else 0.02), ("941999", 0.3), ("920300", 0.9 if y else 0.0)) if rng.random() < chance))
               for y in label]
    rules = rule_answers(tmp_path, matched)
    groups = np.where(label == 1, "attack:a", "benign:b")
    fitted = joint.fit(rng.normal(2 * label - 1.0, 2.0), label, groups, np.ones(4000, bool), rules)
    weights = dict(zip(rules.ids, fitted.weights))
    assert set(weights) == {"942100", "941999"}  # rules about the protocol are no evidence
    assert weights["942100"] > 1 and weights["941999"] < 0.3 and fitted.slope > 0
    assert fitted.manifest(rules, label)["rules"]["942100"] == round(weights["942100"], 4)


@pytest.mark.parametrize("name, shown", [(b"$ne", True), (b"user[$regex]", True), (b"user.$in", True), (b"$x[$ne]", True), (b"$net", False),
                                         (b"a$ne", False), (b"$filter", False), (b"$", False)])
def test_names_that_are_query_operators_are_a_signal(name, shown):
    assert signals.is_operator_name(name) == shown


def test_a_signal_weighs_unless_harmless_requests_show_it(tmp_path):
    rules = rule_answers(tmp_path, [(y, "942100" if y else "") for y in (1, 0) * 100])
    label, chosen = np.array([1, 0] * 100), np.ones(200, bool)
    rules.signals = {"serialized": label == 1, "operatorName": np.ones(200, bool)}
    fitted = joint.fit(np.zeros(200), label, np.where(label == 1, "attack:a", "benign:b"), chosen, rules)
    assert fitted.signals == {"serialized": joint.WEIGHT_MAX} == fitted.manifest(rules, label)["signals"]
    rules.signals["serialized"][:] = False
    assert fitted.logits(np.zeros(200), rules)[0] < fitted.intercept + 0.1 + fitted.weights.sum()


def test_evidence_is_of_one_part_the_strongest_and_bounded(tmp_path):
    path = tmp_path / "rules.tsv"
    evidence = "0:20:942100 1:20:941100 1:30:941110 1:900:941120 1:5000:942100/s&1 0:9:920300"
    path.write_text(f"f\t0\t1\ts\t\t1\t9\t942100\t{evidence}\n")
    rules = joint.read(path, np.array([1]))
    assert rules.ids == ["941100", "941110", "942100"]  # of part 1; long chance matches and protocol rules are left out
    assert joint.strongest(rules, np.array([1.0, 2.0, 0.5]))[0] == 2.5 and joint.strongest(rules, np.array([3.0, 2.0, 0.5]))[0] == 3.5  # one of 941
    fitted = joint.Joint(1.0, 0.0, np.array([9.0, 9.0, 9.0]))
    assert fitted.logits(np.array([0.0]), rules)[0] == joint.EVIDENCE_MAX
    found = fitted.manifest(rules, np.array([1]))
    assert found["support"]["942100"] == {"attacks": 1, "benign": 0} and found["strongestRules"] == 3 and found["decisive"] == []


def test_answers_of_other_data_are_refused(tmp_path):
    rule_answers(tmp_path, [(1, "942100"), (0, "")])
    with pytest.raises(ValueError, match="not the data"):
        joint.read(tmp_path / "rules.tsv", np.array([0, 0]))
    with pytest.raises(ValueError, match="2 lines for 3"):
        joint.read(tmp_path / "rules.tsv", np.array([1, 0, 1]))


def test_packages_are_the_same_bytes_for_the_same_content_and_changes_are_noticed():
    manifest, files = {"name": "gate", "version": "1", "kind": "gate-linear"}, {"a": b"1", "b": b"2"}
    archive = packaging.write(manifest, files)
    assert archive == packaging.write(manifest, dict(reversed(list(files.items()))))
    assert packaging.read(archive)[1] == files
    changed = bytearray(archive)
    changed[archive.rindex(b"2")] = ord("3")
    with pytest.raises(ValueError, match="digest differs"):
        packaging.read(bytes(changed))


def test_the_pipeline_goes_from_data_to_packages(tmp_path):
    data = requests.write(tmp_path / "data.jsonl", 240)
    options = pipeline.arguments([str(data), "--run", str(tmp_path / "run"), "--packages", str(tmp_path / "out"), "--version", "0.0.1",
                                  "--generated", "300", "--samples", "512", "--epochs", "1", "--loso-samples", "256", "--loso-epochs", "1", "--fold-count", "3"])
    said = []
    paths = pipeline.Trainer(options, said.append).go()
    assert [p.name for p in paths] == ["gate-0.0.1.tar", "payload-cnn-0.0.1.tar"]
    manifest, files = packaging.read(paths[0].read_bytes())
    gate = Gate.from_bytes(files["gate.bin"])
    for line in files["golden.jsonl"].splitlines():
        golden = json.loads(line)
        assert gate.logit(*normalize(base64.b64decode(golden["value"]))) == golden["logit"]
    assert {"low", "high", "fpr_0.01", "fpr_0.005", "fpr_0.001"} <= set(manifest["thresholds"])
    assert (tmp_path / "run" / "report.md").read_text().count("left-out source") == 1
    said.clear()
    pipeline.Trainer(options, said.append).go()
    assert not any("epoch" in line for line in said) and sum("kept from an earlier run" in line for line in said) >= 4
    assert any(line.startswith("all stages: ") for line in said)
    worse = degrade.degrade(paths[0].read_bytes(), "recall", 0.7, "0.0.2", 1)
    other, worse_files = packaging.read(worse)
    assert other["version"] == "0.0.2" and Gate.from_bytes(worse_files["gate.bin"]).logit(*normalize(b"1' or 1=1-- ")) < gate.logit(*normalize(b"1' or 1=1-- "))



def test_what_a_detector_found_decides_alone_when_no_request_and_no_document_shows_it(tmp_path):
    matched = [(1, "942100/'s&1")] * 30 + [(1, "942100/'sc")] * 30 + [(1, "942100/:n")] * 30 + [(1, "941100/tag")] * 30 + [(0, "942100/:n"), (0, "")]
    rules = rule_answers(tmp_path, matched)
    label = np.array([y for y, _ in matched])
    fitted = joint.Joint(1.0, 0.0, np.ones(len(rules.ids)))
    path = tmp_path / "documents.tsv"
    path.write_text("f\t0\t0\ts\t\t0\t0\t942100\t0:900:942100/'sc\n")
    assert fitted.manifest(rules, label, joint.of_documents(path))["decisive"] == ["942100/'s&1"]
    assert fitted.manifest(rules, label)["decisive"] == []  # nobody looked at documents
    assert "942100/'sc" not in fitted.manifest(rules, label, joint.of_documents(path))["rules"] and "942100/'sc" in fitted.manifest(rules, label)["rules"]
