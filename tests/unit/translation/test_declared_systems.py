"""Systems that the workflow wrote into `systems.json`."""

import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import write_json
from sonar_sign.core.options import PredictOptions
from sonar_sign.translation.declared_systems import find_system
from sonar_sign.translation.definitions import ClipSettings

ENTRY = {
    "kind": "sonar",
    "sign_hiera": "results/a/checkpoints/stage1/best.pt",
    "sign_encoder": "/elsewhere/encoder.pth",
    "sonar": "resources/sonar",
    "sonar_decoder": None,
    "landmark_model": None,
    "decoding": {"beam_size": 1, "batch_size": 32, "precision": "bf16"},
    "languages": ["eng_Latn", "ita_Latn"],
    "caption_language": "eng_Latn",
}
LANDMARKS = ENTRY | {"kind": "landmarks", "sign_hiera": None, "landmark_model": "l.pt"}


def declare(folder, **systems):
    write_json(folder / "systems.json", {"systems": systems})
    return folder


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    """The folder in which Snakemake ran."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_paths_are_relative_to_the_folder_of_the_workflow(project):
    declare(project / "results/a", greedy=ENTRY)
    trained = ENTRY | {"sonar_decoder": "results/b/checkpoints/lora/sonar_decoder.pt"}
    declare(project / "results/b", lora=trained)
    found = find_system("greedy")
    assert found.files.sign_hiera == project / "results/a/checkpoints/stage1/best.pt"
    assert str(found.files.sign_encoder) == "/elsewhere/encoder.pth"
    assert found.files.sonar == project / "resources/sonar"
    assert (found.files.sonar_decoder, found.files.landmark_model) == (None, None)
    assert (found.name, found.kind, found.language) == ("greedy", "sonar", "eng_Latn")
    assert found.decoding == PredictOptions(1, 32, "bf16")
    decoder = project / "results/b/checkpoints/lora/sonar_decoder.pt"
    assert find_system("lora").files.sonar_decoder == decoder


def test_results_may_lie_in_another_folder(project, tmp_path_factory, monkeypatch):
    declare(project / "results/a", greedy=ENTRY)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    found = find_system("greedy", project / "results/a")
    assert found.files.sonar == project / "resources/sonar"
    with pytest.raises(UserError, match="run the workflow first, or give --results"):
        find_system("greedy")


def test_a_system_of_two_corpora_is_chosen_by_the_folder(project):
    for name, size in (("a", 1), ("b", 7)):
        declare(project / f"results/{name}", greedy=ENTRY | {"decoding": {"beam_size": size}})
    with pytest.raises(UserError, match="in results/a and results/b; choose with --results"):
        find_system("greedy")
    assert find_system("greedy", project / "results/b").decoding.beam_size == 7


def test_systems_that_read_landmarks(project):
    fused = ENTRY | {"landmark_model": "l.pt"}
    declare(project / "results/a", landmarks=LANDMARKS, fused=fused)
    alone, both = find_system("landmarks"), find_system("fused")
    assert (alone.reads_video, alone.reads_landmarks, alone.files.sonar) == (False, True, None)
    assert (both.reads_video, both.reads_landmarks) == (True, True)
    assert both.files.landmark_model == project / "l.pt"


def test_clips_are_made_as_the_run_made_them(project):
    folder = declare(project / "results/a", greedy=ENTRY)
    assert find_system("greedy").clips == ClipSettings()
    settings = {
        "crop": {"size": 64, "quality": 20, "frames_probed": 5, "further": 1},
        "extract": {"compat": "exact"},
        "landmarks": {"fps": 10, "velocities": True},
    }
    write_json(folder / "identity.json", {"corpus": "a", "type": "demo", "settings": settings})
    found = find_system("greedy")
    assert (found.clips.crop.size, found.clips.crop.quality) == (64, 20)
    assert found.clips.extract.compat == "exact"
    assert (found.clips.landmarks.fps, found.clips.landmarks.velocities) == (10.0, True)
    assert found.trained_on_drawings


def test_an_unknown_system_is_answered_with_the_nearest(project):
    declare(project / "results/a", greedy=ENTRY, landmarks=LANDMARKS)
    with pytest.raises(UserError, match="'gredy' in results/a; did you mean greedy"):
        find_system("gredy")


def test_decoding_that_nobody_knows_is_refused(project):
    declare(project / "results/a", odd=ENTRY | {"decoding": {"beam_size": 5, "beam_sizes": 8}})
    with pytest.raises(UserError, match="'beam_sizes' is unknown; did you mean beam_size"):
        find_system("odd")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not JSON"),
        ('{"sytems": {}}', "has no entry 'systems'"),
        ('{"systems": {"greedy": {"kind": "sonar"}}}', "entry of system 'greedy' is incomplete"),
        ('{"systems": {"greedy": 3}}', "entry of system 'greedy' is incomplete"),
    ],
)
def test_a_broken_file_is_named(project, content, words):
    path = declare(project / "results/a") / "systems.json"
    path.write_text(content)
    with pytest.raises(UserError, match=f"results/a/systems.json.*{words}"):
        find_system("greedy")
    with pytest.raises(UserError, match="results/none/systems.json is missing"):
        find_system("greedy", project / "results/none")
