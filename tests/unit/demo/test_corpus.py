"""The embedded corpus: How2Sign's shape, and pictures that agree with their annotations."""

import hashlib
import itertools
import json
from pathlib import Path

import av
import cv2
import dlib
import numpy as np
import pandas as pd
import pytest

from sonar_sign.core.demo_options import DifficultyOptions
from sonar_sign.core.errors import UserError
from sonar_sign.core.tables import read_columns
from sonar_sign.corpora.drawn import KEY, SENTENCE_COLUMNS
from sonar_sign.demo import corpus
from sonar_sign.demo.corpus import COLUMNS, CorpusOptions, make_corpus, plan_corpus, read_options
from sonar_sign.demo.grammar import GLOSSES
from sonar_sign.demo.more_signs import APART, more_signs, outlines
from sonar_sign.demo.render import RenderedVideo
from sonar_sign.demo.signs import POINTING, SIGNS

CLIPS = {"news": {"train": 3}, "howto": {"train": 4, "test": 3}}
CLIPS_PER_VIDEO = {"news": 2, "howto": 1}
SEED = 11


def options_of(domain: str, clips: dict[str, int]) -> CorpusOptions:
    return CorpusOptions(domain, clips, SEED, CLIPS_PER_VIDEO[domain])


@pytest.fixture(scope="module")
def roots(tmp_path_factory) -> dict[str, Path]:
    """A news corpus with one signer and a howto corpus in which all five sign."""
    folder = tmp_path_factory.mktemp("corpora")
    for domain, clips in CLIPS.items():
        make_corpus(folder / domain, options_of(domain, clips), workers=1)
    return {domain: folder / domain for domain in CLIPS}


def annotations(root: Path, split: str, language: str = "") -> pd.DataFrame:
    return pd.read_csv(root / f"how2sign_realigned_{split}{language}.csv", sep="\t")


def decode(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def videos(roots: dict[str, Path]) -> list[Path]:
    return [path for root in roots.values() for path in sorted(root.glob("raw_videos/*.mp4"))]


def people(video: Path) -> list[dict]:
    folder = video.parent.parent / "openpose" / video.stem
    files = sorted(folder.glob(f"{video.stem}_*_keypoints.json"))
    assert [int(file.name[-27:-15]) for file in files] == list(range(len(files)))
    return [json.loads(file.read_text())["people"][0] for file in files]


def points(person: dict, part: str) -> np.ndarray:
    return np.array(person[f"{part}_keypoints_2d"]).reshape(-1, 3)


@pytest.mark.parametrize(
    ("domain", "split"), [("news", "train"), ("howto", "train"), ("howto", "test")]
)
def test_annotations_have_how2signs_shape(roots, domain, split):
    english = annotations(roots[domain], split)
    italian = annotations(roots[domain], split, ".ita_Latn")
    assert tuple(english.columns) == COLUMNS
    assert len(english) == CLIPS[domain][split]
    pd.testing.assert_frame_equal(
        english.drop(columns="SENTENCE"), italian.drop(columns="SENTENCE")
    )
    planned = plan_corpus(CorpusOptions(domain, CLIPS[domain], SEED, CLIPS_PER_VIDEO[domain]))
    sentences = [sentence for plan in planned[split] for sentence in plan.sentences]
    assert list(english.SENTENCE) == [sentence.text("eng_Latn") for sentence in sentences]
    assert list(italian.SENTENCE) == [sentence.text("ita_Latn") for sentence in sentences]
    for row in english.itertuples():
        signer = row.VIDEO_NAME.split("-")[-2]
        k = row.SENTENCE_ID.rsplit("_", 1)[1]
        assert len(row.VIDEO_ID) == 11 and not row.VIDEO_ID.startswith("-")
        assert f"{row.VIDEO_ID}-{signer}-rgb_front" == row.VIDEO_NAME
        assert f"{row.VIDEO_ID}_{k}" == row.SENTENCE_ID
        assert f"{row.VIDEO_ID}_{k}-{signer}-rgb_front" == row.SENTENCE_NAME
        assert (roots[domain] / "raw_videos" / f"{row.VIDEO_NAME}.mp4").is_file()


@pytest.mark.parametrize("domain", ["news", "howto"])
def test_sentences_lie_inside_their_video_with_gaps_between(roots, domain):
    rows = pd.concat([annotations(roots[domain], split) for split in CLIPS[domain]])
    for name, group in rows.groupby("VIDEO_NAME"):
        n_frames = len(list((roots[domain] / "openpose" / name).glob("*.json")))
        starts, ends = group.START_REALIGNED.to_numpy(), group.END_REALIGNED.to_numpy()
        assert starts[0] > 0 and ends[-1] < n_frames / 24
        assert (ends - starts > 1.0).all() and (ends - starts < 5.5).all()
        assert (starts[1:] - ends[:-1] > 0.25).all()


@pytest.mark.parametrize("domain", ["news", "howto"])
def test_gloss_times_cover_each_sentence(roots, domain):
    rows = annotations(roots[domain], "train").set_index("SENTENCE_NAME")
    glosses = pd.read_csv(roots[domain] / "glosses_train.tsv", sep="\t")
    assert list(glosses.columns) == ["SENTENCE_NAME", "gloss", "start_s", "end_s"]
    assert set(glosses.gloss) <= set(GLOSSES)
    planned = plan_corpus(CorpusOptions(domain, CLIPS[domain], SEED, CLIPS_PER_VIDEO[domain]))
    signed = [s.glosses for plan in planned["train"] for s in plan.sentences]
    assert [tuple(group.gloss) for _, group in glosses.groupby("SENTENCE_NAME", sort=False)] == (
        signed
    )
    for name, group in glosses.groupby("SENTENCE_NAME"):
        times = group[["start_s", "end_s"]].to_numpy().ravel()
        assert (np.diff(times) > 0).all()
        assert times[0] >= rows.START_REALIGNED[name] and times[-1] <= rows.END_REALIGNED[name]


def test_videos_are_h264_at_24_frames_a_second_with_a_keypoint_file_a_frame(roots):
    for path in videos(roots):
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            assert stream.codec_context.name == "h264"
            assert stream.average_rate == 24
            assert stream.codec_context.pix_fmt == "yuv420p"
            keys = [frame.key_frame for frame in container.decode(stream)]
        assert [k for k, key in enumerate(keys) if key] == list(range(0, len(keys), 24))
        assert len(people(path)) == len(keys)


def test_dlib_finds_the_signers_face_and_no_other(roots):
    detector = dlib.get_frontal_face_detector()
    found = sampled = 0
    for path in videos(roots):
        for frame, person in list(zip(decode(path), people(path), strict=True))[::8]:
            boxes = detector(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), 0)
            sampled += 1
            assert len(boxes) <= 1
            for box in boxes:
                found += 1
                assert box.height() >= 80
                x, y, _ = points(person, "pose")[0]  # the nose
                assert box.left() < x < box.right() and box.top() < y < box.bottom()
    # A hand before the mouth may hide a face for a moment.
    assert found >= 0.97 * sampled


def test_keypoints_have_openposes_parts_and_lie_on_the_picture(roots):
    for path in videos(roots):
        frames = decode(path)
        for k, person in list(enumerate(people(path)))[::6]:
            body, face = points(person, "pose"), points(person, "face")
            assert body.shape == (25, 3) and face.shape == (70, 3)
            assert (body[[9, 10, 11, 12, 13, 14, *range(19, 25)]] == 0).all()
            assert (face[:, 2] > 0.5).all()
            height, width = frames[k].shape[:2]
            chroma = cv2.cvtColor(frames[k], cv2.COLOR_RGB2YCrCb)[..., 1:].astype(float)
            for wrist, side in ((4, "right"), (7, "left")):
                hand = points(person, f"hand_{side}")
                assert hand.shape == (21, 3)
                seen = hand[:, 2] > 0
                assert ((hand[seen, :2] >= 0) & (hand[seen, :2] < (width, height))).all()
                if not seen.all():
                    continue
                np.testing.assert_allclose(hand[0, :2], body[wrist, :2], atol=0.01)
                # Between wrist and knuckles there is skin: red beats the picture's blue.
                x, y = np.round(hand[[0, 5, 9, 13, 17], :2].mean(axis=0)).astype(int)
                red, blue = chroma[y - 1 : y + 2, x - 1 : x + 2].mean(axis=(0, 1))
                assert red > 132 and blue < 126, (path.name, k, side, red, blue)
            # The person's right is the picture's left.
            assert (
                body[2, 0] < body[5, 0] and body[15, 0] < body[16, 0] and face[0, 0] < face[16, 0]
            )


def test_hands_rest_between_sentences_and_move_within(roots):
    root = roots["news"]
    row = annotations(root, "train").iloc[0]
    wrists = np.array(
        [
            points(person, "pose")[4, :2]
            for person in people(root / "raw_videos" / f"{row.VIDEO_NAME}.mp4")
        ]
    )
    start, end = int(row.START_REALIGNED * 24), int(row.END_REALIGNED * 24)
    assert np.ptp(wrists[:start], axis=0).max() < 12
    assert np.ptp(wrists[start:end], axis=0).max() > 60


def test_colours_survive_encoding(tmp_path):
    from sonar_sign.demo.render import _encode

    image = np.zeros((64, 64, 3), np.uint8)
    image[:32], image[32:] = (200, 60, 40), (40, 90, 180)
    _encode(tmp_path / "flat.mp4", iter([image] * 30), 64)
    decoded = decode(tmp_path / "flat.mp4")
    assert len(decoded) == 30
    for row in (8, 56):
        np.testing.assert_allclose(decoded[-1][row, 32], image[row, 32], atol=6)


def digests(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def test_files_do_not_depend_on_the_number_of_workers(roots, tmp_path):
    make_corpus(tmp_path / "news", options_of("news", CLIPS["news"]), workers=2)
    again = digests(tmp_path / "news")
    assert again == digests(roots["news"])
    assert len(again) > 100


def test_another_seed_gives_another_corpus():
    first, second = (
        plan_corpus(CorpusOptions("news", {"train": 8}, seed))["train"] for seed in (1, 2)
    )
    assert {plan.name for plan in first}.isdisjoint(plan.name for plan in second)
    assert first[0].sentences != second[0].sentences


def test_splits_do_not_depend_on_each_other():
    small = plan_corpus(CorpusOptions("howto", {"train": 16, "test": 24}, 3))
    large = plan_corpus(CorpusOptions("howto", {"train": 80, "test": 24}, 3))
    assert small["test"] == large["test"]


def test_one_howto_signer_is_seen_in_test_only():
    plans = plan_corpus(CorpusOptions("howto", {"train": 80, "val": 40, "test": 48}, 1))
    signers = {split: {plan.signer for plan in videos} for split, videos in plans.items()}
    assert signers == {"train": {1, 2, 3, 4}, "val": {1, 2, 3, 4}, "test": {1, 2, 5}}
    news = plan_corpus(CorpusOptions("news", {"train": 80}, 1))
    assert len({plan.signer for plan in news["train"]}) == 1
    names = [plan.name for videos in (*plans.values(), *news.values()) for plan in videos]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("domain", ["news", "howto"])
def test_most_test_sentences_never_occur_in_training(domain):
    plans = plan_corpus(CorpusOptions(domain, {"train": 400, "test": 200}, 0))
    train, test = ([s for plan in plans[split] for s in plan.sentences] for split in plans)
    assert np.mean([sentence in set(train) for sentence in test]) < 0.2


def test_no_two_signs_look_alike():
    signs = {**SIGNS, **POINTING, **more_signs()}
    tracks = np.stack([outlines(sign) for sign in signs.values()])
    for first, second in itertools.combinations(range(len(signs)), 2):
        apart = np.linalg.norm(tracks[first] - tracks[second], axis=-1)  # (2 hands, 6, 5)
        # A pixel of a 64 x 64 picture of the signer is about 0.04 shoulder widths.
        assert apart.mean(axis=(1, 2)).max() > APART, (list(signs)[first], list(signs)[second])


def test_a_new_run_leaves_nothing_of_the_old_one(tmp_path, monkeypatch):
    def render(plan, root):
        for folder in ("raw_videos", "openpose"):
            (root / folder).mkdir(exist_ok=True)
        (root / "raw_videos" / f"{plan.name}.mp4").touch()
        (root / "openpose" / plan.name).mkdir()
        n = len(plan.sentences)
        return RenderedVideo(((0.5, 2.0),) * n, ((),) * n, 60)

    monkeypatch.setattr(corpus, "render", render)
    make_corpus(tmp_path, CorpusOptions("news", {"train": 20, "extra": 2}, 1, 4), workers=1)
    (tmp_path / "notes.txt").write_text("mine")
    make_corpus(tmp_path, CorpusOptions("howto", {"train": 6}, 2, 4), workers=1)
    names = {plan.name for plan in plan_corpus(CorpusOptions("howto", {"train": 6}, 2, 4))["train"]}
    assert {path.stem for path in tmp_path.glob("raw_videos/*")} == names
    assert {path.name for path in tmp_path.glob("openpose/*")} == names
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {
        "notes.txt",
        "demo_corpus.json",
        "glosses_train.tsv",
        "how2sign_realigned_train.csv",
        "how2sign_realigned_train.ita_Latn.csv",
        "sentences_train.tsv",
    }


def test_a_failed_run_leaves_no_annotations(tmp_path, monkeypatch):
    def render(plan, root):
        raise OSError("no space left on device")

    monkeypatch.setattr(corpus, "render", render)
    with pytest.raises(OSError, match="no space"):
        make_corpus(tmp_path, CorpusOptions("news", {"train": 4}, 1, 2), workers=1)
    assert not list(tmp_path.glob("*.csv")) and not list(tmp_path.glob("*.tsv"))


def test_a_folder_with_somebody_elses_corpus_is_refused(tmp_path):
    kept = tmp_path / "raw_videos" / "real.mp4"
    kept.parent.mkdir()
    kept.write_bytes(b"precious")
    with pytest.raises(UserError, match="raw_videos.*not made by the demo"):
        make_corpus(tmp_path, CorpusOptions("news", {"train": 1}, 1, 1), workers=1)
    assert kept.read_bytes() == b"precious"
    with pytest.raises(UserError, match="is a file"):
        make_corpus(kept, CorpusOptions("news", {"train": 1}, 1, 1), workers=1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"domain": "weather"}, "weather"),
        ({"clips": {}}, "at least one split"),
        ({"clips": {"train": 0}}, "'train'"),
        ({"clips": {"../train": 1}}, "path separator"),
        ({"clips_per_video": 0}, "clips_per_video"),
        ({"seed": -1}, "seed"),
        ({"workers": 0}, "workers"),
    ],
)
def test_wrong_options_are_named(tmp_path, change, message):
    options = {"domain": "news", "clips": {"train": 1}, "seed": 1, "clips_per_video": 1}
    values = {**options, "workers": 1, **change}
    workers = values.pop("workers")
    with pytest.raises(UserError, match=message):
        make_corpus(tmp_path / "new", CorpusOptions(**values), workers)
    assert not (tmp_path / "new").exists()


HARD = DifficultyOptions(
    vocabulary="large", references=1.0, fingerspelling=0.5, questions=0.5, head_negation=1.0,
    coarticulation=0.5, rate=1.2, rate_spread=0.1, movement_spread=0.1, left_handed=True,
    exposure=0.5, emphasis=0.5, keypoints="detected",
)  # fmt: skip


def test_a_corpus_with_every_difficulty_is_drawn_and_its_options_are_read_again(tmp_path):
    options = CorpusOptions("howto", {"train": 3}, 4, 3, HARD)
    make_corpus(tmp_path, options, workers=1)
    assert read_options(tmp_path) == options
    rows = read_columns(tmp_path / "sentences_train.tsv", SENTENCE_COLUMNS, key=KEY)
    planned = [s for plan in plan_corpus(options)["train"] for s in plan.sentences]
    assert rows[KEY] == list(annotations(tmp_path, "train").SENTENCE_NAME)
    assert rows["needs_context"] == [str(int(s.needs_context)) for s in planned]
    # The manifest has it from the annotations, for the comparison's breakdowns.
    assert list(annotations(tmp_path, "train").needs_context) == [
        int(s.needs_context) for s in planned
    ]
    assert rows["question"] == [str(int(s.asks)) for s in planned]
    assert rows["spelled"] == [s.spelled for s in planned]
    (video,) = tmp_path.glob("raw_videos/*.mp4")
    missing = [not points(person, "hand_right")[9, 2] for person in people(video)]
    assert 0 < np.mean(missing) < 0.4


def test_a_difficulty_changes_what_it_is_about_and_nothing_else(roots, tmp_path):
    """Sharp pictures stay as they are where only the keypoints get a detector's faults."""
    clips, difficulty = CLIPS["news"], DifficultyOptions(keypoints="detected")
    make_corpus(tmp_path, CorpusOptions("news", clips, SEED, 2, difficulty), workers=1)
    before, after = digests(roots["news"]), digests(tmp_path)
    changed = {Path(name).parts[0] for name in before if before[name] != after[name]}
    assert changed == {"openpose", "demo_corpus.json"}
