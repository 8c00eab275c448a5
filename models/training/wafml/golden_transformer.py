"""Writes a small transformer with random weights, and every output of some rows, which ONNX Runtime must reproduce.

python3 -m wafml.golden_transformer ../../tests/OnnxRuntime.Tests/TestModels
"""

import json
import sys
from pathlib import Path

import torch

from .subwords import PAD
from .transformer import OUTPUTS, RequestTransformer, Shape, to_onnx

SHAPE = Shape(vocabulary=320, layers=2, hidden=16, heads=4, length=64)
SEED = 20261130
LENGTHS = (1, 2, 16, 17, 63, 64)


def vectors() -> "tuple[bytes, list[dict]]":
    """The network, and for rows of several lengths, alone and padded in a batch, what torch computes."""
    torch.manual_seed(SEED)
    model = RequestTransformer(SHAPE).eval()
    with torch.no_grad():
        for p in model.parameters():
            if p.dim() >= 2:
                p.mul_(3)  # outputs that differ, unlike those of a network at rest
        batches = [torch.randint(1, SHAPE.vocabulary, (1, n)) for n in LENGTHS]
        padded = torch.full((len(LENGTHS), SHAPE.length), PAD)
        for i, batch in enumerate(batches):
            padded[i, : batch.shape[1]] = batch[0]
        lines = []
        for tokens in (*batches, padded):
            outputs = {name: o.flatten().tolist() for name, o in zip(OUTPUTS, model(tokens))}
            lines.append({"tokens": tokens.tolist(), **outputs})
    return to_onnx(model), lines


def main() -> None:
    folder = Path(sys.argv[1])
    onnx, lines = vectors()
    (folder / "transformer.onnx").write_bytes(onnx)
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    (folder / "transformer.jsonl").write_text(text)


if __name__ == "__main__":
    main()
