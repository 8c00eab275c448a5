"""The program of a training Job: `python3 -m wafml.loop --data FOLDER --golden FOLDER --packages FOLDER`.

The manifest, the version and the image's name come by WAF_TRAINING_MANIFEST, WAF_TRAINING_VERSION and WAF_TRAINING_IMAGE. The result goes to the container's
termination message. A refusal is a result: the exit status is 0, and 1 only where there is none.
"""

import os

# Sums in one order, however many cores there are: the same manifest gives the same package.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

from .run import Request, run  # noqa: E402

MESSAGE_BYTES_MAX = 4_096


def document(result: dict) -> str:
    """The result within what Kubernetes keeps: the ids of wanted labels go first where it is longer, then the end of the message."""
    text = lambda: json.dumps(result, separators=(",", ":"))
    while len(text()) > MESSAGE_BYTES_MAX and result.get("labelsWanted"):
        result["labelsWanted"].pop()
    while len(text()) > MESSAGE_BYTES_MAX and result.get("message"):
        result["message"] = result["message"][:len(result["message"]) // 2]
    return text()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--data", "--golden", "--packages"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--signing-key", type=Path)
    parser.add_argument("--url")
    parser.add_argument("--token-file", type=Path)
    parser.add_argument("--released", type=Path, default=Path("/usr/share/waf/packages"))
    parser.add_argument("--result", type=Path, default=Path("/dev/termination-log"))
    parser.add_argument("--replay", type=int, default=Request.replay)
    o = parser.parse_args()
    result = run(Request(os.environ["WAF_TRAINING_MANIFEST"], os.environ["WAF_TRAINING_VERSION"], o.data, o.golden, o.packages, os.environ.get("WAF_TRAINING_IMAGE", ""),
                         os.environ.get("WAF_TRAINING_COMMIT", ""), o.released, o.signing_key, o.url, o.token_file, o.replay), lambda text: print(text, flush=True))
    print(json.dumps({**result.document, "figures": result.figures, "leftOut": result.cut}, indent=1))
    o.result.write_text(document(result.document))
    return 0


if __name__ == "__main__":
    sys.exit(main())
