"""Features and models of behaviour: both catalogues are one, and a forest's file scores as the library does."""

import numpy as np

from wafml.behaviour import features, forest, golden, history, judge, release, sessions
from wafml.behaviour.shape import Shape


def test_every_feature_of_the_catalogue_is_computed():
    client = history.Client()
    shape = Shape("GET", b"/orders/1?q=x", "HTTP/1.1", [(b"Host", b"shop")], b"")
    client.add(history.Observation(status=200, marks=shape.marks), 0)
    values = features.all_features(shape, client)
    assert len(values) == len(features.CATALOGUE) >= 200
    assert np.isfinite(values).all()


def test_golden_sessions_are_the_same_every_time():
    assert golden.session(3) == golden.session(3)


def test_a_steady_rate_reads_as_rate_times_length():
    client = history.Client()
    for i in range(3000):
        client.add(history.Observation(status=404 if i % 4 == 0 else 200), i * 1000)
    f = features.client_features(client)
    assert abs(f["requests_1m"] - 60) < 1 and abs(f["not_found_share_5m"] - 0.25) < 0.01


def test_templates():
    assert sessions.template_of(b"/orders/42/lines/7") == b"orders/{number}/lines/{number}"
    assert sessions.template_of(b"/u/3fa85f64-5717-4562-b3fc-2c963f66afa6") == b"u/{hex}"
    assert sessions.template_of(b"/face/deadbeef") == b"face/deadbeef"


def test_a_forests_file_scores_as_the_library_does():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(4000, 60)).astype(np.float32)
    hostile = np.arange(4000) % 10 == 0
    x[hostile, :5] += 4
    source = np.array([f"s{i % 5}" for i in range(4000)])
    label = np.where(hostile, "scanner", np.where(np.arange(4000) % 2 == 0, "benign", "crawler-declared"))
    model = forest.Forest(x, hostile, source, label, [f"f{i}" for i in range(60)])
    scores = model.score(x)
    assert np.abs(scores - forest.run(model.to_bytes(), x[:, model.chosen])).max() < 1e-5
    assert scores[hostile].mean() > scores[~hostile].mean() + 0.05


def test_threshold_keeps_its_rate():
    rng = np.random.default_rng(2)
    scores = rng.random(10_000)
    t = judge.threshold_at(scores, np.ones(10_000), 0.01)
    assert 0.005 < (scores >= t).mean() <= 0.0101


def test_platt_learns_a_slope():
    rng = np.random.default_rng(3)
    hostile = rng.random(5000) < 0.2
    scores = rng.normal(size=5000) + 2 * hostile
    slope, intercept = release.platt(scores, hostile, np.ones(5000))
    assert 1.5 < slope < 2.5 and abs(slope * 1 + intercept) < 0.3
