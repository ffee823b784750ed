"""WordNet as Debian packages it, in the shape that nltk reads.

`wordnet-base` and `wordnet-sense-index` hold all of nltk's files but `lexnames`; and nltk opens
files below its own data path only. So they are copied once, and `lexnames` is written beside them.
"""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

# WordNet's own programs look for their files in the folder that this names.
SOURCE_VARIABLE = "WNSEARCHDIR"
DEBIAN = Path("/usr/share/wordnet")
FILES = (
    "cntlist.rev",
    "index.sense",
    *(f"{kind}.{part}" for kind in ("index", "data") for part in ("adj", "adv", "noun", "verb")),
    *(f"{part}.exc" for part in ("adj", "adv", "noun", "verb")),
)
# lexnames(5WN): the lexicographer files in order, and the numbers of their parts of speech.
LEXICOGRAPHER_FILES = """
    adj.all adj.pert adv.all
    noun.Tops noun.act noun.animal noun.artifact noun.attribute noun.body noun.cognition
    noun.communication noun.event noun.feeling noun.food noun.group noun.location noun.motive
    noun.object noun.person noun.phenomenon noun.plant noun.possession noun.process noun.quantity
    noun.relation noun.shape noun.state noun.substance noun.time
    verb.body verb.change verb.cognition verb.communication verb.competition verb.consumption
    verb.contact verb.creation verb.emotion verb.motion verb.perception verb.possession verb.social
    verb.stative verb.weather
    adj.ppl
    """
PARTS = {"noun": 1, "verb": 2, "adj": 3, "adv": 4}


def nltk_folder_of_debian() -> Path | None:
    """A folder of nltk data with Debian's WordNet; None where that is not completely installed."""
    source = Path(os.environ.get(SOURCE_VARIABLE) or DEBIAN)
    if not all((source / name).is_file() for name in FILES):
        return None
    mark = (source / "index.sense").stat()
    key = hashlib.sha256(f"{source} {mark.st_size} {mark.st_mtime_ns}".encode()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sonar-sign"
    folder = cache / f"wordnet-{key}"
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".wordnet-", dir=cache))
        _convert(source, draft / "corpora/wordnet")
        try:
            draft.rename(folder)
        except OSError:
            shutil.rmtree(draft)  # another process was faster
    return folder


def _convert(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for name in FILES:
        shutil.copyfile(source / name, target / name)
    lines = [
        f"{number:02d}\t{name}\t{PARTS[name.partition('.')[0]]}"
        for number, name in enumerate(LEXICOGRAPHER_FILES.split())
    ]
    (target / "lexnames").write_text("\n".join(lines) + "\n", encoding="ascii")
