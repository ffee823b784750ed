"""Counts of found and missing landmarks of a shard."""

from dataclasses import dataclass, field
from typing import Any

from sonar_sign.landmarks.layouts import POINTS
from sonar_sign.landmarks.recording import Recording, Signer
from sonar_sign.landmarks.representation import Represented


@dataclass
class Counts:
    """Sums over the clips of a shard; frames are source frames, before resampling."""

    source: str
    """`landmarks.source`."""
    clips: int = 0
    """All clips, with and without landmarks."""
    frames: int = 0
    """Source frames of clips that have keypoints."""
    rows: int = 0
    """Rows written, at the target frame rate."""
    missing_files: int = 0
    """Frames without a keypoint file."""
    unreadable: int = 0
    """Frames whose file is truncated or not a keypoint file."""
    without_people: int = 0
    """Frames without a person, including frames without a file."""
    several_people: int = 0
    """Frames with more than one person."""
    signer_lost: int = 0
    """Frames with persons of whom none is the signer."""
    points: int = 0
    """85 per frame."""
    missing_points: int = 0
    """Points whose confidence is below `landmarks.min_confidence`."""
    interpolated: int = 0
    """Missing points that were interpolated."""
    other_length: list[str] = field(default_factory=list)
    """Clips whose keypoints have a different number of frames than the manifest says."""
    unusable: dict[str, str] = field(default_factory=dict)
    """The reason for each clip without rows: `no_keypoints`, `unreadable`, `unknown_points`,
    `no_frames`, `no_person` or `no_shoulders`."""

    def add(
        self, clip_id: str, recording: Recording, signer: Signer, represented: Represented
    ) -> None:
        """Count a clip that has keypoints."""
        self.clips += 1
        self.frames += len(recording.frames)
        self.rows += len(represented.rows)
        self.missing_files += recording.missing_frames
        self.unreadable += recording.unreadable_frames
        self.without_people += signer.without_people
        self.several_people += signer.several_people
        self.signer_lost += signer.lost
        self.points += len(POINTS) * len(recording.frames)
        self.missing_points += represented.missing_points
        self.interpolated += represented.interpolated_points
        if recording.other_length:
            self.other_length.append(clip_id)
        if represented.reason:
            self.unusable[clip_id] = represented.reason

    def add_unusable(self, clip_id: str, reason: str) -> None:
        """Count a clip without keypoints."""
        self.clips += 1
        self.unusable[clip_id] = reason

    def as_json(self) -> dict[str, Any]:
        """All fields as a dictionary."""
        return vars(self)
