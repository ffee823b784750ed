"""What a config says of speech, and the files and flags that follow from it."""

import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.operations.config import Config, load_config
from sonar_sign.operations.workflow_files import WorkflowFiles

LANGUAGES = {"captions": "eng_Latn", "outputs": ["eng_Latn", "ita_Latn", "fur_Latn"]}
TWO = {"captions": "eng_Latn", "outputs": ["eng_Latn", "ita_Latn"]}


def config(tmp_path, speech=None, languages=TWO, **changes) -> Config:
    path = tmp_path / "c.yaml"
    path.write_text("corpus: {name: mine, type: how2sign, root: data}\n")
    overrides = {"languages": languages, "systems": ["finetuned", "landmarks"], **changes}
    return load_config([path], overrides | ({"speech": speech} if speech is not None else {}))


def test_nothing_is_spoken_by_default(tmp_path):
    files = WorkflowFiles(config(tmp_path))
    assert files.spoken() == []
    assert not any("speech" in path for path in files.final_outputs())


def test_systems_are_spoken_in_the_languages_that_they_have(tmp_path):
    files = WorkflowFiles(config(tmp_path, {"systems": ["finetuned", "landmarks"]}))
    assert files.spoken() == [
        "results/mine/speech/finetuned/eng_Latn",
        "results/mine/speech/finetuned/ita_Latn",
        "results/mine/speech/landmarks/eng_Latn",
    ]
    assert set(files.spoken()) < set(files.final_outputs())
    inputs = files.speech_inputs("mine", "finetuned", "ita_Latn")
    assert inputs == {
        "predictions": "results/mine/predictions/finetuned/test.ita_Latn.tsv",
        "samples": "results/mine/samples/finetuned.json",
    }


def test_feelings_bring_their_files_and_flags(tmp_path):
    feelings = {"text_model": "models/emotions", "hands": True, "threshold": 0.7}
    speech = {"systems": ["finetuned"], "clips": "all"}
    files = WorkflowFiles(config(tmp_path, speech, feelings=feelings))
    english = files.speech_inputs("mine", "finetuned", "eng_Latn")
    assert english["weights"] == "models/emotions/model.safetensors"
    assert len(english["landmarks"]) == 4 and "samples" not in english
    assert "--threshold 0.7" in files.speech_flags("eng_Latn")
    italian = files.speech_flags("ita_Latn")
    assert "--hands" in italian and "--text-model" not in italian
    given = WorkflowFiles(config(tmp_path, speech | {"style": "sad"}, feelings=feelings))
    assert set(given.speech_inputs("mine", "finetuned", "eng_Latn")) == {"predictions"}
    assert "--no-hands" in given.speech_flags("eng_Latn")


def test_a_language_may_have_an_engine_of_its_own(tmp_path):
    engines = {"ita_Latn": {"engine": "qwen3", "python": "/opt/qwen/bin/python", "timeout_s": 300}}
    files = WorkflowFiles(config(tmp_path, {"systems": ["finetuned"], "engines": engines}))
    assert "--engine qwen3 --python /opt/qwen/bin/python" in files.speech_flags("ita_Latn")
    assert "--timeout-s 300" in files.speech_flags("ita_Latn")
    assert "--engine auto" in files.speech_flags("eng_Latn")


@pytest.mark.parametrize(
    ("speech", "languages", "words"),
    [
        ({"systems": ["finetune"]}, TWO, "did you mean finetuned"),
        ({"systems": ["finetuned"], "languages": ["deu_Latn"]}, TWO, "none of languages.outputs"),
        ({"engines": {"deu_Latn": {}}}, TWO, "none of languages.outputs"),
        ({"systems": ["finetuned"]}, LANGUAGES, "no voice for fur_Latn; the nearest"),
        ({"systems": ["finetuned"], "engine": "hibari"}, TWO, "not ita_Latn"),
        ({"systems": ["finetuned"], "engines": {"ita_Latn": {"engine": "no"}}}, TWO, "engine"),
        ({"systems": "finetuned"}, TWO, "speech.systems"),
        ({"intensity": 2}, TWO, "speech.intensity"),
        ({"style": "bored"}, TWO, "speech.style"),
        ({"voices": 1}, TWO, "speech.voices is not a known key"),
    ],
)
def test_mistakes_are_one_sentence_before_anything_runs(tmp_path, speech, languages, words):
    with pytest.raises(UserError) as error:
        config(tmp_path, speech, languages)
    assert words in str(error.value) and str(error.value).startswith("In the config:")


def test_what_is_not_spoken_needs_no_voice(tmp_path):
    speech = {"systems": ["finetuned"], "languages": ["eng_Latn"]}
    files = WorkflowFiles(config(tmp_path, speech, LANGUAGES))
    assert files.spoken() == ["results/mine/speech/finetuned/eng_Latn"]
