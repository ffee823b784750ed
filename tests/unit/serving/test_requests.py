"""The fields of a form, checked."""

import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.serving.requests import JobRequest, read_request

SYSTEMS = {
    "finetuned": {"caption_language": "eng_Latn", "languages": ["eng_Latn", "ita_Latn"]},
    "landmarks": {"caption_language": "eng_Latn", "languages": ["eng_Latn"]},
}


def test_without_fields_the_first_system_translates_into_its_captions_language():
    request = read_request({}, SYSTEMS)
    assert (request.systems, request.languages) == (("finetuned",), ("eng_Latn",))
    assert JobRequest.of_record(request.as_record()) == request


@pytest.mark.parametrize(
    "form, words",
    [
        ({"languge": ["eng_Latn"]}, "did you mean language"),
        ({"language": ["klingon"]}, "knows no such language"),
        ({"language": ["it"]}, "did you mean ita_Latn"),
        ({"language": ["deu_Latn"]}, "does not translate into deu_Latn"),
        ({"language": ["ita_Latn"], "system": ["landmarks"]}, "landmarks does not translate"),
        ({"system": ["finetunde"]}, "did you mean finetuned"),
        ({"system": ["../../etc"]}, "no system"),
        ({"n_best": ["0"]}, "1 to 10"),
        ({"n_best": ["2.5"]}, "1 to 10"),
        ({"n_best": ["nan"]}, "1 to 10"),
        ({"n_best": ["5", "6"]}, "once"),
        ({"window_s": ["0.1"]}, "0.5 to 120"),
        ({"window_s": ["inf"]}, "0 to 120"),
        ({"window_s": ["-1"]}, "0 to 120"),
        ({"speak": ["perhaps"]}, "true or false"),
        ({"style": ["bored"]}, "neutral"),
        ({"intensity": ["2"]}, "0 to 1"),
        ({"start_s": ["2"], "end_s": ["2.1"]}, "after start_s"),
        ({"end_s": ["0"]}, "after start_s"),
    ],
)
def test_what_is_impossible_is_a_sentence(form, words):
    with pytest.raises(UserError, match=words):
        read_request(form, SYSTEMS)


def test_repeated_languages_count_once_and_not_too_many():
    form = {"language": ["ita_Latn", "eng_Latn", "ita_Latn"]}
    assert read_request(form, SYSTEMS).languages == ("ita_Latn", "eng_Latn")


@pytest.mark.parametrize("given, seconds, expected", [(None, 3, 0), (None, 60, 6), (4.0, 3, 4)])
def test_long_videos_are_translated_in_windows(given, seconds, expected):
    request = JobRequest(("eng_Latn",), ("finetuned",), window_s=given)
    assert request.window_for(seconds) == expected


def test_a_part_of_a_video():
    def spans(seconds, **values):
        return JobRequest(("eng_Latn",), ("finetuned",), **values).spans_in(seconds)

    assert spans(5.0) is None
    assert spans(5.0, start_s=1.0, end_s=9.0) == [(1.0, 5.0)]
    long = spans(60.0, start_s=10.0, end_s=40.0)
    assert long[0][0] == 10.0 and long[-1][1] == 40.0 and len(long) == 5
    assert all(a[1] == b[0] for a, b in zip(long, long[1:], strict=False))
    with pytest.raises(UserError, match="leaves nothing"):
        spans(1.0, start_s=3.0)
