"""What was there of a shard's landmarks, and what was missing."""

from dataclasses import dataclass, field
from typing import Any

from sonar_sign.landmarks.layouts import POINTS
from sonar_sign.landmarks.recording import Recording, Signer
from sonar_sign.landmarks.representation import Represented


@dataclass
class Counts:
    """Sums over clips; frames are those of the source, before they are sampled."""

    source: str
    clips: int = 0
    frames: int = 0
    rows: int = 0
    """Of all clips, at the target frame rate."""
    missing_files: int = 0
    """Frames without a file."""
    unreadable: int = 0
    """Frames whose file is cut off or is no keypoint file."""
    without_people: int = 0
    """Frames without anybody, those without a file among them."""
    several_people: int = 0
    """Frames with more than one person, of whom one was chosen."""
    signer_lost: int = 0
    """Frames with people none of whom is the signer."""
    points: int = 0
    missing_points: int = 0
    """Points that were not seen surely enough."""
    interpolated: int = 0
    """Those of them that were put in between others."""
    other_length: list[str] = field(default_factory=list)
    """Clips whose keypoints have another number of frames than the manifest says."""
    unusable: dict[str, str] = field(default_factory=dict)
    """Clips without rows: `no_keypoints`, `unreadable`, `unknown_points`, `no_frames`,
    `no_person`, `no_shoulders`."""

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
        """Count a clip that has none."""
        self.clips += 1
        self.unusable[clip_id] = reason

    def as_json(self) -> dict[str, Any]:
        return vars(self)
