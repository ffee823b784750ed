"""From videos to translations, in one process and without the workflow.

    translator = sonar_sign.load("export/finetuned")
    for part in translator.translate("VIDEO.mp4", languages=["eng_Latn"]):
        print(part.start_s, part.end_s, part.texts["eng_Latn"])

`docs/python.md` is the manual. `translate` on the command line and the live page use this class.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import TranslateOptions
from sonar_sign.core.settings import check_options
from sonar_sign.core.video import VideoError
from sonar_sign.translation.definitions import SystemDefinition
from sonar_sign.translation.loaded_system import LoadedSystem, load_system
from sonar_sign.translation.model_choice import open_definition, require_files
from sonar_sign.translation.request import Request, Span, Watch
from sonar_sign.translation.results import Translation, VideoResult
from sonar_sign.translation.video_session import CropsOfVideo, VideoSession


class Translator:
    """The models of one system, loaded once. `sonar_sign.load` makes one."""

    def __init__(self, definition: SystemDefinition, system: LoadedSystem):
        self.definition, self.system = definition, system

    @classmethod
    def load(
        cls,
        definition: SystemDefinition,
        languages: Iterable[str] | None = None,
        options: TranslateOptions = TranslateOptions(),  # noqa: B008 (frozen)
        device: str = "auto",
    ) -> "Translator":
        """Load the models.

        Args:
            languages: FLORES codes that it will translate into; None: the captions' language.

        Raises:
            UserError: a file is missing or not what it should be, a language is unknown, or the
                device does not exist.
        """
        check_options(options)
        require_files(definition)
        languages = [definition.language] if languages is None else list(languages)
        return cls(definition, load_system(definition, languages, options, device))

    @property
    def name(self) -> str:
        """The system's name."""
        return self.definition.name

    def translate(
        self,
        video: str | Path,
        languages: Sequence[str] | None = None,
        *,
        window_s: float = 0.0,
        n_best: int = 1,
        keypoints: str | Path | None = None,
        spans: Sequence[Span] | None = None,
    ) -> list[Translation]:
        """Translate a video, as one sentence, in windows, or at given times.

        Args:
            languages: FLORES codes; None: the language of the captions of training.
            window_s: seconds of the windows; 0: the video is one sentence.
            n_best: how many texts each language gets, best first.
            keypoints: keypoint files, for a system that reads landmarks; None: MediaPipe.
            spans: start and end of each sentence, seconds.

        Returns:
            One translation a part, in order.

        Raises:
            VideoError: the video cannot be read, is a picture, or is too long for one sentence.
            UserError: a language or an option is impossible, or keypoints are missing.
        """
        options = TranslateOptions(window_s=window_s, n_best=n_best)
        request = Request(languages, options, keypoints and Path(keypoints), spans)
        return list(self.stream(video, request))

    def stream(
        self,
        video: str | Path,
        request: Request = Request(),  # noqa: B008 (frozen)
        watch: Watch = Watch(),  # noqa: B008 (frozen)
    ) -> Iterator[Translation]:
        """Translate a video and give each part as soon as it is done; errors as `translate`.

        Raises:
            CancelledError: `watch` was asked to end it.
        """
        return stream_side_by_side([self], video, request, watch)

    def translate_all(
        self, videos: Iterable[str | Path], languages: Sequence[str] | None = None, **how
    ) -> Iterator[VideoResult]:
        """Translate videos one after the other; one that cannot be read does not stop the rest.

        Args:
            how: as for `translate`.

        Yields:
            The result of each video, in order; `error` says what is wrong with it.
        """
        self.system.check_languages(self._languages(languages))
        for video in videos:
            try:
                yield VideoResult(Path(video), self.translate(video, languages, **how))
            except VideoError as error:
                yield VideoResult(Path(video), [], error.detail)
            except UserError as error:
                yield VideoResult(Path(video), [], str(error))

    def embed(
        self,
        video: str | Path,
        *,
        window_s: float = 0.0,
        keypoints: str | Path | None = None,
        spans: Sequence[Span] | None = None,
    ) -> np.ndarray:
        """The SONAR embeddings of a video's parts, `(n_parts, embedding_dim)` float32.

        The arguments are those of `translate`. A part in which nothing is signed has a row of NaN.

        Raises:
            UserError: the system has no embeddings; else as `translate`.
        """
        if self.definition.kind != "sonar":
            raise UserError(
                f"The system {self.name} has no embeddings: it translates landmarks without SONAR."
            )
        options = TranslateOptions(window_s=window_s)
        request = Request([], options, keypoints and Path(keypoints), spans)
        found = [one.embedding for one in self.stream(video, request)]
        width = next((len(one) for one in found if one is not None), 0)
        nothing = np.full(width, np.nan, np.float32)
        return np.stack([nothing if one is None else one for one in found])

    def _languages(self, languages: Sequence[str] | None) -> Sequence[str]:
        return [self.definition.language] if languages is None else languages


def stream_side_by_side(
    translators: Sequence[Translator],
    video: str | Path,
    request: Request,
    watch: Watch = Watch(),  # noqa: B008 (frozen)
) -> Iterator[Translation]:
    """Translate a video with several systems; the parts are the same for all.

    Yields:
        Each part's translation by each system, in the order of parts, then of systems.

    Raises:
        VideoError, UserError, CancelledError: as `Translator.stream`.
    """
    check_options(request.options)
    crops = CropsOfVideo(Path(video), request.options.cropped, request.options.frame_rate)
    sessions = []
    for one in translators:
        languages = one._languages(request.languages)
        one.system.check_languages(languages)
        sessions.append(VideoSession(one.definition, one.system, crops, languages, request.options))
    crops.check(request.options, request.spans)
    for session in sessions:
        session.open_keypoints(request.keypoints)
    n_parts, parts = crops.parts(sessions[0], request.options, request.spans, watch)
    for number, part in enumerate(parts):
        for session in sessions:
            yield session.translate(
                part, lambda name, number=number: watch.stage(name, number, n_parts)
            )


def load(
    system: str | Path,
    *,
    languages: Sequence[str] | None = None,
    results: str | Path | None = None,
    sonar: str | Path | None = None,
    device: str = "auto",
) -> Translator:
    """Load a system: an exported folder, or the name of one in the results of a workflow.

    Args:
        system: a folder that `sonar-sign export` wrote, or a name such as `finetuned`.
        languages: checked now rather than at the first translation; None: the captions'.
        results: the results folder of a corpus, such as `results/demo`, if several have the name.
        sonar: folder with SONAR's public files, for a folder that only names them.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.

    Raises:
        UserError: there is no such system, or a file is missing or has been changed.
    """
    definition = open_definition(str(system), results and Path(results), sonar and Path(sonar))
    return Translator.load(definition, languages, device=device)
