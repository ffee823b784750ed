"""One video with one system: what its models read of each part, and what they make of it."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import TranslateOptions
from sonar_sign.core.timing import Timer
from sonar_sign.core.video import probe
from sonar_sign.landmarks.recording import choose_signer
from sonar_sign.landmarks.representation import represent
from sonar_sign.landmarks.video_keypoints import ReadSpan, VideoKeypoints
from sonar_sign.models.hypothesis import Hypothesis
from sonar_sign.translation.definitions import SystemDefinition
from sonar_sign.translation.loaded_system import (
    ClipArrays,
    LoadedSystem,
    Wanted,
    stored_landmarks,
    timer_of,
)
from sonar_sign.translation.request import Span, Watch
from sonar_sign.translation.results import Translation
from sonar_sign.translation.segments import (
    Part,
    check_length,
    expected_parts,
    parts,
    without_repetition,
)
from sonar_sign.translation.video_crops import CroppedClip, VideoCrops

Stage = Callable[[str], None]
# How many earlier clips of a video are kept for encoders that read context.
KEPT = 8
_REASONS = {
    "no_frames": "there are no keypoints of it",
    "no_person": "nobody was found in it",
    "no_shoulders": "no shoulders were found in it",
}


class CropsOfVideo:
    """A video, and its crops for each way of cropping: systems that crop alike share them.

    Raises:
        VideoError: the video cannot be read.
    """

    def __init__(self, path: Path, cropped: bool, frame_rate: float):
        self.path, self.cropped = path, cropped
        self.video = probe(path, frame_rate)
        self._crops: dict[tuple, VideoCrops] = {}

    def of(self, definition: SystemDefinition, size: int) -> VideoCrops:
        """The crops for a system whose models read frames of this size."""
        settings = definition.clips
        key = (settings.crop, settings.face_model, size)
        if key not in self._crops:
            self._crops[key] = VideoCrops(self.path, self.video, settings, size, self.cropped)
        return self._crops[key]

    def check(self, options: TranslateOptions, spans: Sequence[Span] | None) -> None:
        """Check that the video can be cut into parts.

        Raises:
            VideoError: it is too short, or too long for one part.
            UserError: a span is not in the video.
        """
        if spans is None:
            check_length(self.video, options.window_s)
            return
        for start_s, end_s in spans:
            if not 0 <= start_s < end_s <= self.video.duration_s + 0.5:
                raise UserError(
                    f"{self.path} lasts {self.video.duration_s:.2f} s, so {start_s:g} to {end_s:g} "
                    "s cannot be a sentence of it."
                )

    def parts(
        self,
        session: "VideoSession",
        options: TranslateOptions,
        spans: Sequence[Span] | None,
        watch: Watch,
    ) -> tuple[int, Iterator[Part]]:
        """About how many parts there are, and the parts, found one by one."""
        fps, n = self.video.fps, self.video.n_frames
        if spans is not None:
            frames = [(round(start * fps), min(n, round(end * fps))) for start, end in spans]
            return len(frames), (Part(*one, *one) for one in frames)
        n_parts = expected_parts(self.video, options.window_s)

        def motion_of(start: int, end: int) -> np.ndarray:
            watch.stage("pauses", 0, n_parts)
            return session.crops.motion(start, end)

        return n_parts, parts(self.video, options.window_s, options.overlap_s, motion_of)


class VideoSession:
    """One video that one system translates part by part."""

    def __init__(
        self,
        definition: SystemDefinition,
        system: LoadedSystem,
        crops: CropsOfVideo,
        languages: Sequence[str],
        options: TranslateOptions,
    ):
        self._definition, self._system, self._video = definition, system, crops.video
        self._path = crops.path
        # Pauses are looked for around the signer even where the models read landmarks only.
        self.crops = crops.of(definition, system.input_size or definition.clips.crop.size)
        beam_size = options.beam_size or definition.decoding.beam_size
        self._wanted = Wanted(languages, options.n_best, beam_size)
        self._overlaps = options.overlap_s > 0
        self._read_keypoints: ReadSpan | None = None
        self._texts: dict[str, str] = {}
        self._earlier: list[ClipArrays] = []

    def open_keypoints(self, given: Path | None) -> None:
        """Find the keypoints of the video, where the system reads landmarks.

        Raises:
            VideoError: there are none.
            UserError: MediaPipe is needed and not installed.
        """
        if self._definition.reads_landmarks:
            self._read_keypoints = VideoKeypoints(given).of_video(self._path, self._video)

    def translate(self, part: Part, stage: Stage) -> Translation:
        """Translate a part.

        Args:
            stage: called with the name of each stage before it.

        Raises:
            VideoError: the video cannot be decoded.
        """
        timer = timer_of(self._system)
        clip = None
        if self._definition.reads_video:
            stage("face")
            _ = self.crops.signer
            timer.lap("face")
            stage("decode_and_crop")
            clip = self.crops.clip(part.read_start, part.read_end)
            signed = clip is not None and clip.shows_signing()
            timer.lap("decode_and_crop")
            if part.start > 0:
                timer.milliseconds.pop("face", None)
            if not signed:
                note = "the picture does not move" if clip else "no frame is shown"
                return self._nothing(part, clip, note, timer)
        landmarks, reason = self._landmarks(part, stage, timer)
        if not self._definition.reads_video and not len(landmarks):
            return self._nothing(part, None, reason, timer)
        return self._compute(part, clip, landmarks, stage, timer)

    def _landmarks(self, part: Part, stage: Stage, timer: Timer) -> tuple[np.ndarray | None, str]:
        """The rows of a part; where there are none, why."""
        if self._read_keypoints is None:
            return None, ""
        stage("landmarks")
        recording = self._read_keypoints(part.read_start, part.read_end)
        signing = choose_signer(recording).signing
        found = represent(signing, recording.fps, self._definition.clips.landmarks)
        timer.lap("landmarks")
        return stored_landmarks(found.rows), _REASONS.get(found.reason, "")

    def _compute(
        self,
        part: Part,
        clip: CroppedClip | None,
        landmarks: np.ndarray | None,
        stage: Stage,
        timer: Timer,
    ) -> Translation:
        features = embedding = None
        if clip is not None:
            stage("sign_hiera")
            features = self._system.features(clip)
            timer.lap("sign_hiera")
        arrays = ClipArrays(features, landmarks)
        if clip is not None:
            stage("sign_encoder")
            embedding = self._system.embed(arrays, self._earlier)
            timer.lap("sign_encoder")
        self._earlier = [*self._earlier, arrays][-KEPT:]
        stage("decoding")
        found = self._system.hypotheses(arrays, embedding, self._wanted, timer)
        if self._overlaps:
            found = {language: self._new(language, best) for language, best in found.items()}
        vector = None if embedding is None else embedding[0].cpu().numpy()
        repeats = self._overlaps and not any(best and best[0].text for best in found.values())
        note = "it repeats the part before" if repeats else ""
        return self._translation(part, clip, timer, hypotheses=found, embedding=vector, note=note)

    def _new(self, language: str, best: list[Hypothesis]) -> list[Hypothesis]:
        """Texts without the words that the part before ended with."""
        before = self._texts.get(language, "")
        if best:
            self._texts[language] = best[0].text
        return [Hypothesis(without_repetition(before, one.text), one.score) for one in best]

    def _nothing(
        self, part: Part, clip: CroppedClip | None, note: str, timer: Timer
    ) -> Translation:
        self._texts.clear()
        empty: dict[str, list[Hypothesis]] = {one: [] for one in self._wanted.languages}
        return self._translation(part, clip, timer, hypotheses=empty, signed=False, note=note)

    def _translation(
        self, part: Part, clip: CroppedClip | None, timer: Timer, **values
    ) -> Translation:
        of_video = self.crops if self._definition.reads_video else None
        return Translation(
            self._path,
            self._definition.name,
            part.start / self._video.fps,
            part.end / self._video.fps,
            box=clip.box if clip else (of_video and of_video.box),
            box_from=clip.box_from if clip else (of_video and of_video.signer.box_from),
            timings_ms=dict(timer.milliseconds),
            **values,
        )
