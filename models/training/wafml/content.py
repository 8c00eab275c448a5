"""Real files as harmless content: collected from Debian packages, never committed.

    python3 -m wafml.content FOLDER          downloads the packages of content_packages.txt and writes FOLDER/content.jsonl.gz

What people type into forms, post as JSON strings and upload is prose, pages, programs, tables, pictures. None of it is in recorded traffic,
so models that never saw any are frightened by it. Packages marked `!` are held out: their files judge and never train.
"""

import base64
import gzip
import io
import json
import random
import subprocess
import sys
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Iterator

FILE_BYTES_MAX = 300_000
FILES_A_KIND = 60  # of one package
LISTED = Path(__file__).with_name("content_packages.txt")

KINDS = {
    "prose": ("txt", "text", "man", "info", "po", "changelog", "readme"),
    "markdown": ("md", "markdown", "rst", "adoc", "asciidoc", "pod"),
    "data": ("json", "csv", "tsv", "xml", "yaml", "yml", "toml", "ini", "conf", "cfg", "svg", "pem", "crt", "page", "xsl", "dtd", "rdf", "map",
             "properties", "desktop", "docbook", "dat"),
    "html": ("html", "htm", "xhtml"),
    "css": ("css", "scss", "less"),
    "script": ("js", "mjs", "ts", "jsx", "vue"),
    "sql": ("sql",),
    "shell": ("sh", "bash", "zsh", "fish", "ps1", "bat"),
    "template": ("j2", "twig", "erb", "tpl", "ep", "tmpl", "jinja"),
    "patch": ("diff", "patch"),
    "code": ("py", "rb", "php", "pl", "pm", "go", "rs", "java", "c", "h", "cc", "cpp", "hpp", "lua", "tcl", "el", "vim", "hs", "ml", "erl", "ex",
             "exs", "scala", "kt", "r", "m", "pp", "inc", "rake"),
    "binary": ("png", "gif", "jpg", "jpeg", "ico", "ttf", "otf", "woff", "woff2", "pdf", "mo", "jar", "zip", "so", "class", "pyc", "ogg", "oga",
               "wav", "webp", "gz", "xz", "bz2", "sqlite", "eot"),
}
KIND_OF = {ending: kind for kind, endings in KINDS.items() for ending in endings}
# Text that programs read and people do not send as a message: how much of it may be taken for an attack is another question.
PROGRAMS = frozenset(("html", "css", "script", "sql", "shell", "template", "patch", "code"))


@dataclass
class File:
    """One collected file."""

    kind: str
    ending: str
    package: str
    held_out: bool
    data: bytes


def kind_of(name: str, data: bytes) -> "tuple[str, str] | None":
    """Kind and ending of a file by its name, then by its first line; None for what is no kind of ours."""
    path = PurePosixPath(name)
    ending = path.suffix[1:].lower()
    if len(ending) == 1 and ending.isdigit() and "/man/" in name:
        ending = "man"
    if data.startswith(b"#!") and ending not in KIND_OF:
        return ("code", "py") if b"python" in data[:40] else ("shell", "sh") if b"sh" in data[:20] else ("code", "pl")
    if not ending:
        ending = {"changelog": "changelog", "readme": "readme"}.get(path.name.lower().split(".")[0], "txt" if "/doc/" in name or "fortunes" in name
                                                                     else "")
    kind = KIND_OF.get(ending)
    if kind is None and path.name.lower().startswith(("changelog", "news", "readme")):
        kind, ending = "prose", "changelog"
    return (kind, ending) if kind else None


def packages() -> "list[tuple[str, bool]]":
    """Names listed, and whether each is held out."""
    lines = (line.split("#")[0].strip() for line in LISTED.read_text(encoding="utf-8").splitlines())
    return [(line.lstrip("!").split()[0], line.startswith("!")) for line in lines if line]


def _unpacked(archive: Path) -> Iterator["tuple[str, bytes]"]:
    """Regular files of a package, compressed texts opened."""
    with subprocess.Popen(("dpkg-deb", "--fsys-tarfile", archive), stdout=subprocess.PIPE) as process:
        with tarfile.open(fileobj=process.stdout, mode="r|") as tar:
            for member in tar:
                if not member.isfile() or not 20 <= member.size <= 8 * FILE_BYTES_MAX:
                    continue
                name, data = member.name, tar.extractfile(member).read()
                if name.endswith(".gz") and ("/man/" in name or "/doc/" in name):
                    try:
                        name, data = name[:-3], gzip.decompress(data)
                    except (OSError, EOFError, zlib.error):
                        continue
                if name.endswith("/src.zip"):
                    yield from _zipped(data)
                yield name, data


def _zipped(data: bytes) -> Iterator["tuple[str, bytes]"]:
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist()[::40]:
            yield info.filename, archive.read(info)


def collect(folder: Path, echo=print) -> Path:
    """Downloads, picks up to FILES_A_KIND files of each ending and package by a seeded draw, writes them."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "content.jsonl.gz"
    with gzip.open(target, "wt", compresslevel=3, encoding="ascii") as out:
        for package, held_out in packages():
            archive = next(folder.glob(f"{package}_*.deb"), None)
            if archive is None:
                subprocess.run(("apt-get", "download", "-q", package), cwd=folder, capture_output=True)
                archive = next(folder.glob(f"{package}_*.deb"), None)
            if archive is None:
                echo(f"  {package}: not to be had")
                continue
            written = 0
            for kind, ending, data in _drawn(archive, package):
                row = {"kind": kind, "ending": ending, "package": package, "heldOut": held_out,
                       "data": base64.b64encode(data[:FILE_BYTES_MAX]).decode()}
                out.write(json.dumps(row) + "\n")
                written += 1
            echo(f"  {package}: {written} files")
    return target


def _drawn(archive: Path, package: str) -> "list[tuple[str, str, bytes]]":
    rng = random.Random(package)
    seen: "dict[str, int]" = {}
    kept: "dict[str, list[tuple[str, str, bytes]]]" = {}
    for name, data in _unpacked(archive):
        found = kind_of(name, data)
        if found is None:
            continue
        seen[found[1]] = seen.get(found[1], 0) + 1
        pool = kept.setdefault(found[1], [])
        if len(pool) < FILES_A_KIND:
            pool.append((*found, data))
        elif (at := rng.randrange(seen[found[1]])) < FILES_A_KIND:
            pool[at] = (*found, data)
    return [file for pool in kept.values() for file in pool]


def read(path: Path) -> "list[File]":
    """The collected files; what several packages hold counts once, in the first."""
    files, known = [], set()
    with gzip.open(path, "rt", encoding="ascii") as lines:
        for line in lines:
            row = json.loads(line)
            data = base64.b64decode(row["data"])
            mark = zlib.crc32(data)
            if mark not in known:
                known.add(mark)
                files.append(File(row["kind"], row["ending"], row["package"], row["heldOut"], data))
    return files


TRAINED_BYTES_MAX = 24_000


def slices(file: File, rng: random.Random) -> "list[bytes]":
    """What of a file people send: a long piece, two of a paragraph or so, two lines."""
    data = file.data
    if file.kind == "binary":
        sizes = (rng.randint(300, 8_000), rng.randint(100, 2_000))
        return [data[:sizes[0]], *(data[at:at + sizes[1]] for at in (rng.randrange(max(1, len(data) - sizes[1])),))]
    out = [data[:int(1_000 * (TRAINED_BYTES_MAX / 1_000) ** rng.random())]]
    for _ in range(2):
        length = int(80 * 20 ** rng.random())
        at = rng.randrange(max(1, len(data) - length))
        at = data.find(b"\n", at, at + 300) + 1 or at
        out.append(data[at:at + length])
    lines = [line.strip() for line in data[:60_000].split(b"\n")]
    lines = [line for line in lines if 12 <= len(line) <= 400]
    return out + rng.sample(lines, min(2, len(lines)))


if __name__ == "__main__":
    collect(Path(sys.argv[1]), lambda text: print(text, flush=True))
