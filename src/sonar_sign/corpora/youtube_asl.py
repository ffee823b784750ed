"""YouTube-ASL (Uthus et al. 2023): a list of ids, and what yt-dlp left of their videos.

`{id}.{ext}`, and `{id}.{language}.vtt`, `.srt` or a JSON of `text, start, duration`, in the folder
itself or in `videos/` and `captions/`. Cues become sentences.
"""

from collections.abc import Iterator
from pathlib import Path

from sonar_sign.core.corpus_options import CorpusOptions
from sonar_sign.core.errors import UserError
from sonar_sign.corpora.annotation import Annotation, unusable
from sonar_sign.corpora.caption_files import CaptionFiles
from sonar_sign.corpora.cue_cleaning import clean_cues
from sonar_sign.corpora.cue_sentences import Limits, Sentence, sentences_of
from sonar_sign.corpora.cues import read_cues
from sonar_sign.corpora.dropped import Dropped
from sonar_sign.corpora.id_lists import IdLists
from sonar_sign.corpora.names import clip_id_of


class YoutubeAsl:
    """Every cue is in one row: a sentence of one or several cues, or a dropped one."""

    cropped = False
    drawn = False
    may_be_shown = False
    caption_language = ""
    caption_language = ""
    reads = frozenset(
        "files split_shares split_seed join_gap_s max_sentence_s max_sentence_characters".split()  # noqa: SIM905
    )
    official_counts: dict[str, dict[str, int]] = {}

    def __init__(self, root: Path, options: CorpusOptions = CorpusOptions()):  # noqa: B008
        self.root, self.options = Path(root), options
        self._videos = IdLists(self.root, options)
        self._captions = CaptionFiles(self.root, options.caption_language)
        self._limits = Limits(
            options.join_gap_s, options.max_sentence_s, options.max_sentence_characters
        )

    def annotation_file(self, split: str, language: str | None = None) -> Path:
        if language is not None:
            raise UserError(f"Corpora of type youtube_asl have no {language} captions beside them.")
        return self._videos.file(split)

    def has(self, split: str) -> bool:
        return self._videos.has(split)

    def further_files(self, split: str) -> list[Path]:
        found = (self._captions.of(name) for _, name in self._videos.of(split))
        return [self.root / path for path in found if path]

    def captions(self, split: str, language: str) -> dict[str, str]:
        self.annotation_file(split, language)
        return {}

    def annotations(self, split: str) -> list[Annotation]:
        self.annotation_file(split)
        seen: set[str] = set()
        found: list[Annotation] = []
        for line, name in self._videos.of(split):
            found += self._of_video(line, name, is_repeat=name in seen)
            seen.add(name)
        return found

    def _of_video(self, line: int, name: str, *, is_repeat: bool) -> Iterator[Annotation]:
        try:
            clip = clip_id_of(name)
        except UserError as error:
            yield unusable(line, "bad_name", str(error))
            return
        video, captions = self._captions.video(name), self._captions.of(name)
        problem = Dropped("duplicate_id", "the list has this id twice") if is_repeat else None
        if problem is None and captions is None and video is not None:
            problem = Dropped("no_captions", f"searched {self._captions.expected(name)}")
        if problem is not None or captions is None:
            yield self._row(line, Sentence(line, line, None, None, ""), clip, video, problem)
            return
        try:
            sentences = sentences_of(clean_cues(read_cues(self.root / captions)), self._limits)
        except UserError as error:
            problem = Dropped("no_captions", str(error))
            yield self._row(line, Sentence(line, line, None, None, ""), clip, video, problem)
            return
        for one in sentences:
            span = f"{one.first}" if one.first == one.last else f"{one.first}-{one.last}"
            yield self._row(one.first, one, f"{clip}_{span}", video, self._problem(one), name)

    def _problem(self, one: Sentence) -> Dropped | None:
        if one.is_repeat:
            return Dropped("repeated_cue", "it shows what the cue before has shown")
        if one.text and (one.start_s is None or one.end_s is None):
            return Dropped("bad_times", "a time of the cue is no HH:MM:SS.mmm")
        if len(one.text) > self._limits.characters:
            return Dropped("long_caption", f"{len(one.text)} characters")
        if one.text and one.end_s - one.start_s > self._limits.duration_s:
            return Dropped("too_long", f"{one.end_s - one.start_s:.1f} s")
        return None

    def _row(
        self, row: int, one: Sentence, clip_id: str, video: str | None, problem: Dropped | None,
        name: str = "",
    ) -> Annotation:  # fmt: skip
        return Annotation(
            row, clip_id, video, f"{name or clip_id}.mp4", False, one.start_s, one.end_s, "",
            one.text, problem,
        )  # fmt: skip
