"""Plays all sessions once and keeps the rows: `python3 -m wafml.behaviour.build_rows sessions.jsonl.gz rows.npz`."""

import sys

import numpy as np

from .sessions import KNOWN, dataset


def main():
    x, hostile, source, label, session, position = dataset(sys.argv[1], KNOWN, int(sys.argv[3]) if len(sys.argv) > 3 else 1500)
    np.savez_compressed(sys.argv[2], x=x, hostile=hostile, source=source, label=label, session=session, position=position,
                        names=np.array(KNOWN))
    print(x.shape, hostile.mean())


if __name__ == "__main__":
    main()
