"""Systems that the workflow wrote into `systems.json`."""

import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import write_json
from sonar_sign.translation.declared_systems import find_system

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
    assert found.models.sign_hiera == project / "results/a/checkpoints/stage1/best.pt"
    assert str(found.models.sign_encoder) == "/elsewhere/encoder.pth"
    assert found.models.sonar == project / "resources/sonar"
    assert (found.models.sonar_decoder, found.models.landmark_model) == (None, None)
    assert (found.language, found.beam_size) == ("eng_Latn", 1)
    decoder = project / "results/b/checkpoints/lora/sonar_decoder.pt"
    assert find_system("lora").models.sonar_decoder == decoder


def test_results_may_lie_in_another_folder(project, tmp_path_factory, monkeypatch):
    declare(project / "results/a", greedy=ENTRY)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    found = find_system("greedy", project / "results/a")
    assert found.models.sonar == project / "resources/sonar"
    with pytest.raises(UserError, match="run the workflow first, or give --results"):
        find_system("greedy")


def test_a_system_of_two_corpora_is_chosen_by_the_folder(project):
    for name, size in (("a", 1), ("b", 7)):
        declare(project / f"results/{name}", greedy=ENTRY | {"decoding": {"beam_size": size}})
    with pytest.raises(UserError, match="in results/a and results/b; choose with --results"):
        find_system("greedy")
    assert find_system("greedy", project / "results/b").beam_size == 7


@pytest.mark.parametrize("name", ["landmarks", "fused"])
def test_landmarks_cannot_be_found_in_a_video(project, name):
    fused = ENTRY | {"landmark_model": "l.pt"}
    declare(project / "results/a", landmarks=LANDMARKS, fused=fused)
    with pytest.raises(UserError, match=f"'{name}' reads landmarks.*a system that reads features"):
        find_system(name)


def test_an_unknown_system_is_answered_with_the_nearest(project):
    declare(project / "results/a", greedy=ENTRY, landmarks=LANDMARKS)
    with pytest.raises(UserError, match="'gredy' in results/a; did you mean greedy"):
        find_system("gredy")


def test_decoding_that_translate_does_not_have_is_refused(project):
    declare(project / "results/a", mbr=ENTRY | {"decoding": {"beam_size": 5, "mbr_samples": 8}})
    with pytest.raises(UserError, match="'mbr' decodes with the setting mbr_samples"):
        find_system("mbr")


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
