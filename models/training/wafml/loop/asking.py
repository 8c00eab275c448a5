"""Which requests people are asked about: those whose labels would tell the most."""

import numpy as np

from .select import template
from .samples import Sample

WANTED = 20


def wanted(samples: "list[Sample]", probability: np.ndarray, start: int, end: int, count: int = WANTED) -> "list[str]":
    """Ids of requests of the window that nobody spoke of and the approved model is least sure of, one of each template and at most two of a client."""
    open_ = [i for i, s in enumerate(samples) if not s.labels and start <= s.at < end]
    seen, clients, out = set(), {}, []
    for i in sorted(open_, key=lambda i: (abs(float(probability[i]) - 0.5), samples[i].id)):
        sample = samples[i]
        key = template(sample)
        if key in seen or clients.get(sample.client, 0) == 2:
            continue
        seen.add(key)
        clients[sample.client] = clients.get(sample.client, 0) + 1
        out.append(sample.id)
        if len(out) == count:
            break
    return out
