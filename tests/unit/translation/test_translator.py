"""Translating from Python: what the manual says, batches, and systems side by side."""

import doctest
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from build_once import build_once
from small_files import REPOSITORY, numbered, write_video
from tiny_systems import SPANS, build_project

import sonar_sign
from sonar_sign.core.errors import UserError
from sonar_sign.core.options import TranslateOptions
from sonar_sign.core.video import VideoError
from sonar_sign.translation.request import CancelledError, Request, Watch
from sonar_sign.translation.translator import stream_side_by_side

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def project(tmp_path_factory, tiny_sonar):
    def build(folder):
        build_project(folder, tiny_sonar, predicted=False)

    return build_once(tmp_path_factory, "declared", build)


@pytest.fixture(scope="module")
def translators(project):
    return {
        name: sonar_sign.load(name, results=project / "results/tiny", device="cpu")
        for name in ("finetuned", "fused", "landmarks")
    }


@pytest.mark.long
def test_the_manual_is_right(project, tmp_path, monkeypatch):
    from sonar_sign.export.system_export import export_system

    results = project / "results/tiny"
    export_system("finetuned", tmp_path / "export/finetuned", results=results)
    (tmp_path / "VIDEO.mp4").symlink_to(project / "raw/v.mp4")
    monkeypatch.chdir(tmp_path)
    manual = str(REPOSITORY / "docs/python.md")
    found = doctest.testfile(manual, module_relative=False, optionflags=doctest.ELLIPSIS)
    assert found.failed == 0 and found.attempted > 20


def test_one_bad_video_does_not_stop_the_rest(translators, project, tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    good = project / "raw/v.mp4"
    videos = [tmp_path / "gone.mp4", good, tmp_path / "text.mp4", str(good)]
    results = list(translators["finetuned"].translate_all(videos, ["eng_Latn"]))
    assert [one.error is None for one in results] == [False, True, False, True]
    assert results[1].translations[0].texts == results[3].translations[0].texts
    with pytest.raises(UserError, match="eng_Latn"):
        list(translators["finetuned"].translate_all(videos, ["eng_latn"]))
    with pytest.raises(VideoError):
        translators["finetuned"].translate(videos[0])


@pytest.mark.long
def test_embeddings_are_those_of_the_translations(translators, project):
    for name in ("finetuned", "fused"):
        how = {"spans": SPANS, "keypoints": project / "raw/openpose" if name == "fused" else None}
        parts = translators[name].translate(project / "raw/v.mp4", **how)
        found = translators[name].embed(project / "raw/v.mp4", **how)
        assert found.shape == (3, 32) and found.dtype == np.float32
        assert np.array_equal(found, np.stack([one.embedding for one in parts]))
    with pytest.raises(UserError, match="landmarks has no embeddings"):
        translators["landmarks"].embed(project / "raw/v.mp4", keypoints=project / "raw/openpose")


def test_a_part_in_which_nothing_is_signed_has_no_embedding(translators, tmp_path):
    frames = [*[numbered(0, 64, 96)] * 24, *[numbered(20 * n % 256, 64, 96) for n in range(24)]]
    video = write_video(tmp_path / "v.mp4", frames)
    spans = [(0, 1), (1, 2)]
    still, moving = translators["finetuned"].translate(video, spans=spans)
    assert (still.signed, still.texts, still.embedding) == (False, {"eng_Latn": ""}, None)
    assert still.note == "the picture does not move" and moving.signed
    found = translators["finetuned"].embed(video, spans=spans)
    assert np.isnan(found[0]).all() and np.isfinite(found[1]).all()


@pytest.mark.long
def test_systems_side_by_side_get_the_same_parts(translators, project):
    options = TranslateOptions(window_s=1.0, n_best=2)
    request = Request(["eng_Latn"], options, project / "raw/openpose")
    found = list(stream_side_by_side([*translators.values()], project / "raw/v.mp4", request))
    names = [one.system for one in found]
    assert names == ["finetuned", "fused", "landmarks"] * (len(found) // 3) and len(found) >= 6
    times = [(one.start_s, one.end_s) for one in found]
    assert times[::3] == times[1::3] == times[2::3]
    for one in found:
        scores = [each.score for each in one.hypotheses["eng_Latn"]]
        assert len(scores) == 2 and scores == sorted(scores, reverse=True) and scores[0] <= 0
    alone = list(translators["fused"].stream(project / "raw/v.mp4", request))
    assert [one.texts for one in alone] == [one.texts for one in found[1::3]]


def test_whoever_asked_may_end_it(translators, project):
    cancel = threading.Event()
    seen = []

    def on_stage(stage, part, n_parts):
        seen.append((stage, part, n_parts))
        if stage == "sign_hiera":
            cancel.set()

    request = Request(["eng_Latn"], TranslateOptions(window_s=1.0))
    with pytest.raises(CancelledError):
        list(
            translators["finetuned"].stream(project / "raw/v.mp4", request, Watch(on_stage, cancel))
        )
    assert seen[-1] == ("sign_hiera", 0, 3)


@pytest.mark.parametrize("spans", [[(0, 9)], [(2, 1)], [(-1, 1)], [(1, 1)], [(float("nan"), 1)]])
def test_a_sentence_is_in_its_video(translators, project, spans):
    with pytest.raises(UserError, match="cannot be a sentence of it"):
        translators["finetuned"].translate(project / "raw/v.mp4", spans=spans)


def test_keypoints_are_found_for_each_video(translators, project, tmp_path):
    system, video = translators["landmarks"], project / "raw/v.mp4"
    by_video = system.translate(video, keypoints=project / "raw/openpose")
    of_video = system.translate(video, keypoints=project / "raw/openpose/v")
    assert by_video[0].texts == of_video[0].texts and by_video[0].box is None
    with pytest.raises(VideoError, match="has no keypoints of it"):
        system.translate(video, keypoints=tmp_path)
    (tmp_path / "v.pose").write_bytes(b"no pose")
    with pytest.raises(VideoError, match="nothing can be read as a .pose file"):
        system.translate(video, keypoints=tmp_path)
    with pytest.raises(UserError, match="into eng_Latn only, not into ita_Latn"):
        system.translate(video, ["ita_Latn"], keypoints=project / "raw/openpose")


def test_landmarks_of_other_settings_are_refused(translators, project):
    definition = translators["landmarks"].definition
    clips = replace(definition.clips, landmarks=replace(definition.clips.landmarks, fps=10.0))
    with pytest.raises(UserError, match="landmarks of other settings"):
        sonar_sign.Translator.load(replace(definition, clips=clips), device="cpu")
