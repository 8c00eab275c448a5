"""Small labelled data sets out of the own grammars."""

import json
import random
from pathlib import Path
from urllib.parse import quote

from wafml import attacks, benign


KINDS = ("web-har", "access-log", "api-recording", "webhook")


def write(path: Path, count: int, seed: int = 3) -> Path:
    rng = random.Random(seed)
    lines = []
    for label, values in ((1, attacks.generate(3 * count, seed)), (0, benign.generate(3 * count, seed))):
        for index, (family, value) in enumerate(rng.sample(values, count)):
            lines.append(json.dumps({
                "method": "GET", "uri": f"/s?q={quote(value)}&page={index}", "headers": {"Host": "x"}, "body": None, "label": label,
                "source": f"set {index % 3}" if label else KINDS[index % 4] + "/site/x", "attack": family if label else None}))
    path.write_text("\n".join(lines) + "\n")
    return path
