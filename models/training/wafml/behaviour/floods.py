"""Floods and slow attacks as sessions, made up after the tools that make them.

Public logs hold one campaign. So the traffic is generated, request by request, as `[t, method, uri, status, bytes, referer,
ms]`; the families of `TRAIN` and `TEST` are modelled on different tools. Times of answers are generated for ordinary sessions
too (`ordinary_ms`), since no log has them: figures made with these say how well the classes are told apart here, and no more.
"""

import random
import string


def word(r, low=4, high=12):
    return "".join(r.choice(string.ascii_lowercase) for _ in range(r.randint(low, high)))


def ordinary_ms(r):
    """Time of an answer: work, and the time its bytes take on a line of this client's."""
    work, line = r.lognormvariate(3.2, 0.6), r.lognormvariate(6.5, 1.2)
    return lambda size: work * r.lognormvariate(0, 0.5) + size / line


def strained(r):
    """A server under load answers later and later, and sometimes not."""
    slow = r.lognormvariate(5, 1)
    return lambda: (r.choice([200] * 12 + [503, 502]), slow * r.lognormvariate(0, 0.7))


def cache_busting(r, n):
    answer, t = strained(r), 0.0
    size, path = r.randint(300, 30_000), r.choice(["/", "/index.html", "/search", "/" + word(r)])
    for _ in range(n):
        t += r.expovariate(1 / r.choice([0.005, 0.02, 0.1]))
        status, ms = answer()
        referer = r.choice([None, "//" + word(r) + ".com", "//www.google.com"])
        yield [t, "GET", f"{path}?{word(r)}={word(r)}", status, size, referer, ms]


def one_path(r, n):
    answer, t = strained(r), 0.0
    size, path, method = r.randint(200, 60_000), r.choice(["/", "/api/items", "/" + word(r)]), r.choice(["GET", "GET", "POST"])
    gap = r.choice([0.001, 0.01, 0.05, 0.2])
    for _ in range(n):
        t += gap * r.uniform(0.7, 1.3)
        status, ms = answer()
        yield [t, method, path, status, size, None, ms]


def slow_heads(r, n):
    t = 0.0
    for _ in range(n):
        t += r.expovariate(1 / r.choice([0.2, 1, 5]))
        yield [t, "GET", "/", r.choice([408, 400, 0]), 0, None, r.uniform(15_000, 60_000)]


def slow_bodies(r, n):
    t, path = 0.0, "/" + word(r)
    for _ in range(n):
        t += r.expovariate(1 / r.choice([0.5, 2, 8]))
        yield [t, "POST", path, r.choice([408, 400, 200]), r.randint(0, 500), None, r.uniform(10_000, 120_000)]


def random_paths(r, n):
    answer, t = strained(r), 0.0
    for _ in range(n):
        t += r.choice([0.002, 0.004, 0.3]) * r.uniform(0.2, 2)
        status, ms = answer()
        yield [t, r.choice(["GET", "GET", "HEAD"]), f"/{word(r)}/{word(r)}?{word(r, 1, 3)}={r.randint(0, 10**9)}",
               r.choice([status, 404, 404]), r.randint(150, 900), r.choice([None, "/" + word(r)]), ms]


def list_of_paths(r, n):
    answer, t = strained(r), 0.0
    paths = [("/" + word(r) + r.choice(["", ".html", ".css", ".png"]), r.randint(300, 80_000)) for _ in range(r.randint(8, 40))]
    for _ in range(n):
        t += r.uniform(0, 0.25)
        status, ms = answer()
        path, size = r.choice(paths)
        yield [t, "GET", path, status, size, None, ms]


def slow_reads(r, n):
    t, path, size = 0.0, "/" + word(r) + ".pdf", r.randint(200_000, 5_000_000)
    for _ in range(n):
        t += r.expovariate(1 / r.choice([0.3, 1.5, 6]))
        yield [t, "GET", path, 200, size, None, r.uniform(30_000, 300_000)]


TRAIN = [("flood", cache_busting), ("flood", one_path), ("slow", slow_heads), ("slow", slow_bodies)]
TEST = [("flood", random_paths), ("flood", list_of_paths), ("slow", slow_reads)]
CLASSES = ["ordinary", "flood", "slow"]


def sessions(families, each, seed):
    """(class, family, requests) of so many clients of each family."""
    r = random.Random(seed)
    for kind, family in families:
        for _ in range(each):
            yield kind, family.__name__, list(family(r, r.choice([20, 50, 120])))
