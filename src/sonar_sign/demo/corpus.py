"""The demo corpus: drawn signers, in the file layout of How2Sign.

Written under the corpus root:

- `raw_videos/{VIDEO_NAME}.mp4`: H.264, 24 frames per second, several sentences per video;
- `how2sign_realigned_{split}.csv`: tab-separated, English captions with start and end times;
- `how2sign_realigned_{split}.ita_Latn.csv`: the same rows with Italian captions;
- `glosses_{split}.tsv`: the signs of each sentence with start and end times;
- `sentences_{split}.tsv`: what is hard about each sentence (see `sentence_table`);
- `openpose/{VIDEO_NAME}/{VIDEO_NAME}_{frame:012d}_keypoints.json`: keypoints as OpenPose
  writes them;
- `demo_corpus.json`: the options of the corpus. It also marks the folder as one that
  `make_corpus` may overwrite.
"""

import json
import multiprocessing
import shutil
import string
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from sonar_sign.core.demo_options import PLAIN, DifficultyOptions
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file, safe_name, write_json
from sonar_sign.core.progress import track
from sonar_sign.core.tables import write_rows
from sonar_sign.corpora.how2sign import NEEDS_CONTEXT
from sonar_sign.corpora.how2sign_rows import COLUMNS
from sonar_sign.demo.discourse import draw_videos
from sonar_sign.demo.domains import DOMAINS, signer_of
from sonar_sign.demo.grammar import LANGUAGES
from sonar_sign.demo.render import RenderedVideo, VideoPlan, render
from sonar_sign.demo.sentence_table import sentence_table, write_sentence_table

GLOSS_COLUMNS = ("SENTENCE_NAME", "gloss", "start_s", "end_s")
MARKER = "demo_corpus.json"
ID_CHARACTERS = string.ascii_letters + string.digits + "_-"
ID_LENGTH = 11
STRENGTHS = (0.6, 1.0)
"""Least and largest strength of a sentence that is emphasised."""


@dataclass(frozen=True)
class CorpusOptions:
    """Options of a corpus; equal options give equal files on the same machine.

    Raises:
        UserError: a value is out of range.
    """

    domain: str
    """"news" (one signer in a studio) or "howto" (five signers in cluttered rooms)."""
    clips: dict[str, int]
    """Number of sentences in each split."""
    seed: int
    """0 or more."""
    clips_per_video: int = 8
    """Sentences in each source video."""
    difficulty: DifficultyOptions = PLAIN
    """What makes it hard."""

    def __post_init__(self) -> None:
        if self.domain not in DOMAINS:
            raise UserError(
                f"Domain {self.domain!r} is not one of the demo corpus's: {', '.join(DOMAINS)}."
            )
        for split, n in self.clips.items():
            safe_name(split)
            if n < 1:
                raise UserError(
                    f"Split {split!r} of the demo corpus must have at least 1 clip, not {n}."
                )
        if not self.clips:
            raise UserError("The demo corpus needs at least one split.")
        if self.clips_per_video < 1:
            raise UserError(f"clips_per_video must be at least 1, not {self.clips_per_video}.")
        if self.seed < 0:
            raise UserError(f"seed must be at least 0, not {self.seed}.")


def plan_corpus(options: CorpusOptions) -> dict[str, list[VideoPlan]]:
    """Draw sentences, names and signers of the videos of every split, without rendering them.

    The sentences of a split depend only on the seed, the domain and the name of the split.
    """
    names: set[str] = set()
    size = options.clips_per_video
    plans: dict[str, list[VideoPlan]] = {}
    for split, n in options.clips.items():
        seed = (options.seed, DOMAINS.index(options.domain), crc32(split.encode()))
        rng = np.random.default_rng(seed)
        sizes = [min(size, n - first) for first in range(0, n, size)]
        sentences = draw_videos(sizes, split, options.difficulty, rng)
        strengths = np.random.default_rng((*seed, 1))
        plans[split] = []
        for video, signed in enumerate(sentences):
            video_id = _video_id(rng, names)
            signer = signer_of(options.domain, split, video, options.difficulty.left_handed)
            plans[split].append(
                VideoPlan(
                    name=f"{video_id}-{signer}-rgb_front",
                    domain=options.domain,
                    signer=signer,
                    sentences=signed,
                    seed=(*seed, video),
                    difficulty=options.difficulty,
                    emphasis=_emphasis(len(signed), options.difficulty.emphasis, strengths),
                )
            )
    return plans


def _emphasis(n: int, share: float, rng: np.random.Generator) -> tuple[float, ...]:
    """The strength of each of `n` sentences, two decimals; empty where none may have any."""
    if not share:
        return ()
    strengths = rng.uniform(*STRENGTHS, size=n) * (rng.random(n) < share)
    return tuple(round(float(strength), 2) for strength in strengths)


def _video_id(rng: np.random.Generator, names: set[str]) -> str:
    """A new identifier in YouTube's form, without a leading dash (shell tools read options)."""
    while True:
        video_id = "".join(rng.choice(list(ID_CHARACTERS), size=ID_LENGTH))
        if not video_id.startswith("-") and video_id not in names:
            names.add(video_id)
            return video_id


def make_corpus(root: Path, options: CorpusOptions, workers: int) -> None:
    """Render a corpus into `root`; a demo corpus that is already there is replaced.

    The annotation files are written last: if they exist, the corpus is complete. Videos are
    rendered by `workers` processes, with a progress bar on stderr; the files do not depend on
    the number of workers. With more than one, the calling script must be importable, because
    processes are started by multiprocessing's "spawn".

    Args:
        root: folder of the corpus.
        options: what is drawn.
        workers: number of processes, at least 1.

    Raises:
        UserError: `workers` is out of range, or `root` holds files that the demo did not write.
    """
    if workers < 1:
        raise UserError(f"workers must be at least 1, not {workers}.")
    root = Path(root)
    _clear(root)
    write_json(root / MARKER, as_json(options))
    plans = plan_corpus(options)
    order = [plan for split in plans.values() for plan in split]
    videos = track(_rendered(order, root, workers), f"Drawing {options.domain} videos", len(order))
    rendered = dict(zip(order, videos, strict=True))
    trained = {(s.verb, s.noun) for plan in plans.get("train", ()) for s in plan.sentences}
    for split, videos in plans.items():
        write_sentence_table(sentence_table(root, split), videos, trained)
        _write_annotations(root, split, [(plan, rendered[plan]) for plan in videos])


def as_json(options: CorpusOptions) -> dict[str, Any]:
    """The options as the corpus's marker holds them: difficulties only where there are any."""
    values = asdict(options)
    if options.difficulty == PLAIN:
        del values["difficulty"]
    return values


def read_options(root: Path) -> CorpusOptions:
    """The options of a corpus, from its marker.

    Raises:
        UserError: `root` holds no demo corpus.
    """
    marker = require_file(Path(root) / MARKER, "The demo corpus")
    values = json.loads(marker.read_text(encoding="utf-8"))
    difficulty = DifficultyOptions(**values.pop("difficulty", {}))
    return CorpusOptions(**values, difficulty=difficulty)


def _clear(root: Path) -> None:
    """Remove an earlier demo corpus; other files in the folder stay.

    Raises:
        UserError: `root` is a file, or holds a corpus that the demo did not write.
    """
    if root.exists() and not root.is_dir():
        raise UserError(f"The demo corpus must be written to a folder, but {root} is a file.")
    annotations = [*root.glob("how2sign_realigned_*.csv"), *root.glob("glosses_*.tsv")]
    annotations += root.glob("sentences_*.tsv")
    folders = [root / name for name in ("raw_videos", "openpose") if (root / name).exists()]
    if (annotations or folders) and not (root / MARKER).is_file():
        found = (annotations + folders)[0].name
        raise UserError(
            f"{root} already holds {found} but no {MARKER}, so it was not made by the demo: "
            "choose another folder, or delete this one yourself."
        )
    for path in annotations:
        path.unlink()
    for folder in folders:
        shutil.rmtree(folder)


def _rendered(plans: list[VideoPlan], root: Path, workers: int) -> Iterator[RenderedVideo]:
    """Yield the rendered videos in the order of `plans`."""
    if workers == 1:
        yield from (render(plan, root) for plan in plans)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(plans)), mp_context=context) as pool:
        try:
            yield from pool.map(render, plans, [root] * len(plans))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _write_annotations(
    root: Path, split: str, videos: list[tuple[VideoPlan, RenderedVideo]]
) -> None:
    rows: dict[str, list[tuple[str, ...]]] = {language: [] for language in LANGUAGES}
    refers = any(plan.difficulty.references for plan, _ in videos)
    columns = (*COLUMNS, NEEDS_CONTEXT) if refers else COLUMNS
    glosses = []
    for plan, video in videos:
        video_id = plan.name.removesuffix(f"-{plan.signer}-rgb_front")
        for k, sentence in enumerate(plan.sentences):
            sentence_name = plan.sentence_name(k)
            start_s, end_s = (f"{time:.2f}" for time in video.sentences[k])
            head = (video_id, plan.name, f"{video_id}_{k}", sentence_name, start_s, end_s)
            further = (str(int(sentence.needs_context)),) if len(columns) > len(COLUMNS) else ()
            for language in LANGUAGES:
                rows[language].append((*head, sentence.text(language), *further))
            for sign in video.signs[k]:
                times = (f"{sign.start_s:.2f}", f"{sign.end_s:.2f}")
                glosses.append((sentence_name, sign.name, *times))
    write_rows(root / f"glosses_{split}.tsv", GLOSS_COLUMNS, glosses)
    italian = root / f"how2sign_realigned_{split}.ita_Latn.csv"
    write_rows(italian, columns, rows["ita_Latn"])
    write_rows(root / f"how2sign_realigned_{split}.csv", columns, rows["eng_Latn"])
