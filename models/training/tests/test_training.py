"""How networks learn: early stopping, checkpoints and resume, curves, learning rate, clipping, class weights; progress; forked calls."""

import csv

import numpy as np
import pytest
import torch

from wafml import progress, train_cnn
from wafml.cnn import PayloadCnn
from wafml.forked import forked

VALUES = [b"1' or 1=1-- %d" % i for i in range(64)] + [b"blue shoes, size %d" % i for i in range(64)]


@pytest.fixture()
def table() -> train_cnn.TokenTable:
    return train_cnn.TokenTable(VALUES, np.zeros(len(VALUES), int))


def fit(table, epochs: int, **options):
    torch.manual_seed(1)
    model = PayloadCnn()
    label = np.array([1.0] * 64 + [0.0] * 64)
    family = np.where(label == 1, 0, -1).astype(np.int8)
    history = train_cnn.fit(model, table, label, family, np.ones(len(label)), 128, epochs, 1, echo=lambda _: None, **options)
    return model, history


def test_training_stops_when_validation_gets_no_better_and_keeps_the_best(table):
    rows = np.arange(len(VALUES))
    turned = np.array([0.0] * 64 + [1.0] * 64)  # labels that training moves away from: the first epoch stays the best
    model, history = fit(table, 12, validation=(rows, turned, np.ones(len(rows))), patience=2)
    assert len(history) == 3
    z = train_cnn.logits(model.eval(), table, rows).astype(float)
    assert np.isclose((np.logaddexp(0, z) - turned * z).mean(), min(h["validation"] for h in history), rtol=1e-4)


def test_a_run_that_was_cut_ends_like_one_that_was_not(table, tmp_path):
    whole, expected = fit(table, 3)
    real = train_cnn.torch.save
    saved = []
    try:
        def cut(*arguments):
            real(*arguments)
            saved.append(1)
            if len(saved) == 2:
                raise KeyboardInterrupt
        train_cnn.torch.save = cut
        with pytest.raises(KeyboardInterrupt):
            fit(table, 3, checkpoint=tmp_path / "c.ckpt")
    finally:
        train_cnn.torch.save = real
    resumed, history = fit(table, 3, checkpoint=tmp_path / "c.ckpt", curves=tmp_path / "curve.csv")
    assert [h["epoch"] for h in history] == [1, 2, 3]
    assert np.allclose([h["loss"] for h in history[:2]], [h["loss"] for h in expected[:2]], atol=1e-4)
    rows = list(csv.DictReader(open(tmp_path / "curve.csv")))
    assert [r["epoch"] for r in rows] == ["1", "2", "3"] and {"loss", "rate", "seconds"} <= set(rows[0])


def test_the_rate_warms_up_and_falls_to_its_floor():
    rates = [train_cnn.one_cycle(p) for p in (0.0, 0.025, 0.05, 0.5, 1.0)]
    assert rates[0] <= 0.01 and np.isclose(rates[1], 0.5) and rates[2] == 1.0 and rates[2] > rates[3] > rates[4] and np.isclose(rates[4], 0.01)


def test_gradients_are_clipped(table, monkeypatch):
    asked = []
    real = torch.nn.utils.clip_grad_norm_
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda p, norm: asked.append(norm) or real(p, norm))
    fit(table, 1)
    assert asked and set(asked) == {train_cnn.CLIP_NORM}


def test_progress_says_loss_and_time_left(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    bar = progress.Progress("epoch 1/1", 2, every_seconds=0)
    bar.step(0.5)
    bar.step(0.25)
    said = capsys.readouterr().err
    assert "1/2 loss 0.5000" in said and "2/2 loss 0.2500" in said and "s left" in said


def test_forked_calls_return_in_order():
    base = np.arange(4)
    assert forked(lambda i: int(base[i]) * 2, range(4), 2) == [0, 2, 4, 6] == forked(lambda i: int(base[i]) * 2, range(4), 1)
