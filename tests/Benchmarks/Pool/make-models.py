"""Writes networks of the pool's families as ONNX files, to measure how they batch. Weights are random: speed does not depend on them.

Usage: python3 make-models.py FOLDER      (PyTorch with ONNX export, opset 17; Debian: python3-torch)
"""
import pathlib
import sys

import torch
from torch import nn

VOCABULARY = 273


class SeedCnn(nn.Module):
    """The seed system's payload network as written: embedding 128, two convolutions, global pooling, two dense layers."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(VOCABULARY, 128)
        self.conv1, self.conv2 = nn.Conv1d(128, 64, 3, padding=1), nn.Conv1d(64, 32, 3, padding=1)
        self.dense1, self.dense2, self.logit = nn.Linear(32, 64), nn.Linear(64, 32), nn.Linear(32, 1)

    def forward(self, tokens):
        x = torch.relu(self.conv1(self.embed(tokens).transpose(1, 2)))
        x = torch.relu(self.conv2(nn.functional.max_pool1d(x, 2)))
        x = x.amax(dim=2)
        return self.logit(torch.relu(self.dense2(torch.relu(self.dense1(x))))).squeeze(1)


class Layer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.size = heads, width // heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.out, self.up, self.down = nn.Linear(width, width), nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x):
        def split(y):
            return y.reshape(y.shape[0], y.shape[1], self.heads, self.size).transpose(1, 2)

        y = self.first(x)
        weights = torch.softmax(split(self.query(y)) @ split(self.key(y)).transpose(2, 3) * self.size ** -0.5, dim=-1)
        y = (weights @ split(self.value(y))).transpose(1, 2).reshape(x.shape[0], x.shape[1], -1)
        x = x + self.out(y)
        return x + self.down(torch.relu(self.up(self.second(x))))


class Transformer(nn.Module):
    """Patches of four characters, then attention: the families transformer-small (2 x 128) and transformer (8 x 512)."""

    def __init__(self, width, layers, heads):
        super().__init__()
        self.embed, self.patch = nn.Embedding(VOCABULARY, 64), nn.Linear(256, width)
        self.layers = nn.ModuleList(Layer(width, heads) for _ in range(layers))
        self.norm, self.logit = nn.LayerNorm(width), nn.Linear(width, 1)

    def forward(self, tokens):
        x = self.embed(tokens)
        x = self.patch(x.reshape(x.shape[0], -1, 256))
        for layer in self.layers:
            x = layer(x)
        return self.logit(self.norm(x).mean(dim=1)).squeeze(1)


class Recurrent(nn.Module):
    """An LSTM over a value's tokens, as the seed system's recurrent families are."""

    def __init__(self):
        super().__init__()
        self.embed, self.lstm, self.logit = nn.Embedding(VOCABULARY, 64), nn.LSTM(64, 128, batch_first=True), nn.Linear(128, 1)

    def forward(self, tokens):
        return self.logit(self.lstm(self.embed(tokens))[0].amax(dim=1)).squeeze(1)


def main(folder):
    torch.manual_seed(1)
    models = {
        "seed-cnn": SeedCnn(), "transformer-small": Transformer(128, 2, 4), "transformer": Transformer(512, 8, 16),
        "lstm": Recurrent(),
    }
    for name, model in models.items():
        path = folder / f"{name}.onnx"
        torch.onnx.export(
            model.eval(), torch.randint(3, 259, (2, 64)), path, opset_version=17, input_names=["tokens"],
            output_names=["logit"], dynamic_axes={"tokens": {0: "batch", 1: "length"}, "logit": {0: "batch"}})
        print(f"{path}: {sum(p.numel() for p in model.parameters()):,} parameters")


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    main(target)
