"""The report of a training run in Markdown: data, curves, ROC and precision-recall points, tables, worst errors."""

import numpy as np

from .corpus import Corpus
from .loso import RATES, pooled
from .metrics import auc, expected_calibration_error, threshold_at
from .release import sigmoid

WORST = 25
FP_GRID = (0.0002, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2)


def table(head: "list[str]", rows: "list[list]") -> str:
    cells = [[f"{c:.4f}" if isinstance(c, float) else str(c) for c in row] for row in rows]
    return "\n".join(["| " + " | ".join(r) + " |" for r in [head, ["---"] * len(head), *cells]]) + "\n"


def per_source(corpus: Corpus, scores_by_model: "dict[str, np.ndarray]") -> str:
    """Recall of each left-out source at one threshold over all held-out recorded benign traffic."""
    rows = []
    for rate in RATES:
        by_model = {name: pooled(corpus, s, rate) for name, s in scores_by_model.items()}
        for source in next(iter(by_model.values())):
            rows.append([f"{rate:.1%}", source, int((corpus.groups[corpus.originals] == "attack:" + source).sum())]
                        + [float(m[source]) for m in by_model.values()])
        rows.append([f"{rate:.1%}", "**mean**", ""] + [float(np.mean(list(m.values()))) for m in by_model.values()])
        rows.append([f"{rate:.1%}", "**lowest**", ""] + [float(min(m.values())) for m in by_model.values()])
    return table(["false positives", "left-out source", "requests", *scores_by_model], rows)


def per_family(corpus: Corpus, scores_by_model: "dict[str, np.ndarray]") -> str:
    label, attack, own = corpus.data.label, corpus.data.attack, corpus.groups == "attack:own generator"
    rows = []
    for title, subset in (("public sources", ~own), ("own generator", own)):
        for family in sorted(set(attack[(label == 1) & corpus.originals])):
            row = [title, family]
            count = 0
            for scores in scores_by_model.values():
                seen = ~np.isnan(scores)
                mine = seen & (attack == family) & (label == 1) & subset
                count = int(mine.sum())
                if count:
                    row.append(float((scores[mine] > threshold_at(scores[seen & (label == 0)], 0.005)).mean()))
            if count:
                rows.append([row[0], row[1], count, *row[2:]])
    return table(["from", "family", "requests", *scores_by_model], rows)


def benign_sources(corpus: Corpus, scores: np.ndarray) -> str:
    label = corpus.data.label
    seen = ~np.isnan(scores)
    limits = [threshold_at(scores[seen & (label == 0)], r) for r in RATES]
    rows = [[group[7:], int(m.sum()), *(float((scores[m] > limit).mean()) for limit in limits)]
            for group in sorted(set(corpus.groups[seen & (label == 0)])) for m in [seen & (corpus.groups == group)]]
    return table(["held-out benign source", "requests", *(f"share over the {r:.1%} threshold" for r in RATES)], rows)


def curve(corpus: Corpus, scores: np.ndarray) -> str:
    """Points of the ROC and precision-recall curves; precision for the classes as they are in the data."""
    label = corpus.data.label
    seen = ~np.isnan(scores)
    attack, benign = scores[seen & (label == 1)], scores[seen & (label == 0)]
    rows = []
    for rate in FP_GRID:
        limit = threshold_at(benign, rate)
        tp, fp = int((attack > limit).sum()), int((benign > limit).sum())
        rows.append([f"{rate:.2%}", tp, fp, len(attack) - tp, len(benign) - fp, tp / len(attack), tp / max(1, tp + fp)])
    return table(["false-positive rate", "true positives", "false positives", "false negatives", "true negatives", "recall", "precision"], rows)


def worst(corpus: Corpus, scores: np.ndarray) -> str:
    label = corpus.data.label
    seen = np.flatnonzero(~np.isnan(scores))
    lines = []
    for title, wanted, order in (("Benign requests with the highest scores", 0, -1), ("Attacks with the lowest scores", 1, 1)):
        lines += [f"\n### {title}\n"]
        mine = [i for i in seen if label[i] == wanted]
        mine.sort(key=lambda i: order * scores[i])
        shown = set()
        for i in mine:
            key = corpus.data.uri[i].split("?")[0]
            if key not in shown:
                shown.add(key)
                text = corpus.data.uri[i][:140].replace("|", "\\|").replace("`", "'")
                lines.append(f"- {scores[i]:.2f} {corpus.groups[i]} {corpus.data.attack[i]} `{text}`")
            if len(shown) == WORST:
                break
    return "\n".join(lines) + "\n"


def write(corpus: Corpus, scores_by_model: "dict[str, np.ndarray]", calibrated: "dict[str, tuple[float, float]]", notes: "list[str]",
          sections: "list[str]", with_errors: bool = True) -> str:
    label = corpus.data.label
    main = list(scores_by_model)[-1]
    quality = corpus.data.quality
    summary = []
    for name, scores in scores_by_model.items():
        seen = ~np.isnan(scores)
        slope, intercept = calibrated[name]
        summary.append([name, auc(scores[seen & (label == 1)], scores[seen & (label == 0)]),
                        expected_calibration_error(sigmoid(slope * scores[seen] + intercept), label[seen].astype(float))])
    text = ["# Training report\n", *notes, "\n## Data\n",
            table(["figure", "value"], [[k, v] for k, v in quality.items()]),
            "\n## Out of fold, all sources together\n", table(["model", "AUC", "ECE"], summary),
            "\n## Recall of each left-out attack source\n\nThe model had seen neither the source nor the benign groups of its fold. The threshold is one for all.\n\n",
            per_source(corpus, scores_by_model), "\n## Recall of each family at 0.5 % false positives\n\n", per_family(corpus, scores_by_model),
            f"\n## Held-out benign sources ({main})\n\n", benign_sources(corpus, scores_by_model[main]),
            f"\n## Curve (ROC, precision-recall) and confusion ({main})\n\n", curve(corpus, scores_by_model[main]), *sections]
    if with_errors:
        text += [f"\n## Worst errors ({main})\n", worst(corpus, scores_by_model[main])]
    return "".join(text)
