"""Learns the subwords of a set of weighted words, as byte-pair encoding does: the most frequent pair becomes a token,
again and again.
"""

import heapq
from collections import Counter, defaultdict
from math import isqrt
from typing import Iterable

from .subwords import BYTE_BASE, Subwords, words

COUNT_MIN = 2  # of a word in a source
SOURCES_MIN = 2  # what one source alone says are its names and tokens: nothing about others, and not ours to hand on
SCALE = 64
SIDE_MASS = 1 << 32  # attacks and harmless values weigh the same


def word_weights(values: "Iterable[tuple[str, int, bytes]]") -> "dict[bytes, int]":
    """Weights of the words in (source, label, value) triples: within a source by the root of how often it says one,
    so that no source rules, and both labels alike.
    """
    counts: "dict[tuple[str, int], Counter]" = defaultdict(Counter)
    for source, label, value in values:
        counts[source, label].update(words(value))
    sides, sources = (Counter(), Counter()), Counter()
    for (_, label), said in counts.items():
        for word, count in said.items():
            if count >= COUNT_MIN and len(word) > 1:
                sides[label][word] += isqrt(count * SCALE * SCALE)
                sources[word] += 1
    for side in sides:
        for word in [w for w in side if sources[w] < SOURCES_MIN]:
            del side[word]
    weights: Counter = Counter()
    for side in sides:
        total = max(1, sum(side.values()))
        for word, weight in side.items():
            weights[word] += max(1, weight * SIDE_MASS // total)
    return dict(weights)


def learn(weights: "dict[bytes, int]", size: int) -> Subwords:
    """A vocabulary of `size` tokens, or fewer if no pair is left. Ties go to the lower token numbers, so that the
    result depends on the weights alone.
    """
    order = sorted(weights)
    symbols = [[BYTE_BASE + b for b in word] for word in order]
    weight = [weights[word] for word in order]
    counts: "dict[tuple[int, int], int]" = defaultdict(int)
    where: "dict[tuple[int, int], set[int]]" = defaultdict(set)
    for index, ids in enumerate(symbols):
        for pair in zip(ids, ids[1:]):
            counts[pair] += weight[index]
            where[pair].add(index)
    heap = [(-count, pair) for pair, count in counts.items()]
    heapq.heapify(heap)
    merges: "list[tuple[int, int]]" = []
    made = set()
    tokens = [b""] * BYTE_BASE + [bytes((b,)) for b in range(256)]
    while len(tokens) < size and heap:
        count, pair = heapq.heappop(heap)
        if -count != counts.get(pair, 0):
            if counts.get(pair, 0) > 0:
                heapq.heappush(heap, (-counts[pair], pair))
            continue
        token = tokens[pair[0]] + tokens[pair[1]]
        if token in made:
            counts.pop(pair)  # another pair makes the same bytes already: one token, one number
            continue
        made.add(token)
        tokens.append(token)
        merges.append(pair)
        for changed in _merge(pair, len(tokens) - 1, symbols, weight, counts, where):
            heapq.heappush(heap, (-counts[changed], changed))
    return Subwords(merges)


def _merge(pair, number: int, symbols, weight, counts, where) -> "set[tuple[int, int]]":
    """Joins the pair in all words that hold it; returns the pairs that are new."""
    new = set()
    for index in where.pop(pair):
        ids, w = symbols[index], weight[index]
        for old in zip(ids, ids[1:]):
            counts[old] -= w
        joined, at = [], 0
        while at < len(ids):
            is_pair = at + 1 < len(ids) and (ids[at], ids[at + 1]) == pair
            joined.append(number if is_pair else ids[at])
            at += 2 if is_pair else 1
        symbols[index] = joined
        for now in zip(joined, joined[1:]):
            counts[now] += w
            where[now].add(index)
            if number in now:
                new.add(now)
    counts.pop(pair, None)
    return new
