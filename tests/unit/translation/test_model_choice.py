"""Which systems a person has chosen, and what to do where files are missing. No model is loaded."""

from pathlib import Path

import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import write_json
from sonar_sign.translation.model_choice import ModelChoice, public_system, require_files
from sonar_sign.translation.translate import is_drawn

ENTRY = {
    "kind": "sonar", "sign_hiera": "h.pth", "sign_encoder": "e.pth", "sonar": "sonar",
    "sonar_decoder": None, "landmark_model": None, "decoding": {"beam_size": 2},
    "languages": ["eng_Latn"], "caption_language": "eng_Latn",
}  # fmt: skip


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_missing_public_files_are_named_with_the_commands_that_fetch_them():
    with pytest.raises(UserError) as error:
        require_files(public_system())
    for name in ("sign_hiera", "sign_encoder", "sonar_text_decoder", "sonar_tokenizer"):
        assert f"sonar-sign fetch_model --name {name} --output resources/models/" in str(
            error.value
        )


def test_only_what_is_missing_is_fetched(project):
    folder = project / "resources/models/sonar"
    folder.mkdir(parents=True)
    for name in ("dm_70h_ub_signhiera.pth", "dm_70h_ub_sonar_encoder.pth"):
        (folder.parent / name).touch()
    (folder / "sonar_text_decoder.pt").touch()
    with pytest.raises(UserError) as error:
        require_files(public_system())
    assert str(error.value).count("fetch_model") == 1 and "sonar_tokenizer" in str(error.value)
    (folder / "sentencepiece.source.256000.model").touch()
    require_files(public_system())


def test_outside_of_a_project_a_system_has_to_be_named():
    with pytest.raises(UserError, match="make demo first, or say what translates: --system FOLDER"):
        ModelChoice().find()


def test_the_demo_is_its_fine_tuned_system(project):
    write_json(project / "results/demo/systems.json", {"systems": {"finetuned": ENTRY}})
    (found,) = ModelChoice().find()
    assert (found.name, found.decoding.beam_size) == ("finetuned", 2)
    with pytest.raises(UserError, match=r"h\.pth of the system finetuned does not exist"):
        require_files(found)


def test_systems_of_one_name_are_called_as_they_were_given(project):
    for corpus in ("a", "b"):
        systems = {"systems": {"same": ENTRY, corpus: ENTRY}}
        write_json(project / f"results/{corpus}/systems.json", systems)
    found = ModelChoice(system=["a", "b"]).find()
    assert [one.name for one in found] == ["a", "b"]
    with pytest.raises(UserError, match="--sonar replaces a file of one system"):
        ModelChoice(system=["a", "b"], sonar=project).find()


def test_a_video_is_drawn_where_its_corpus_says_so(project):
    root = project / "howto"
    (root / "raw_videos").mkdir(parents=True)
    assert not is_drawn(root / "raw_videos/v.mp4")
    (root / "demo_corpus.json").touch()
    assert is_drawn(root / "raw_videos/v.mp4")
    (project / "link.mp4").symlink_to(root / "raw_videos/v.mp4")
    assert is_drawn(Path("link.mp4")) and not is_drawn(project / "v.mp4")
