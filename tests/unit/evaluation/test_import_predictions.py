"""Outputs of other papers' programs become tables of the right clips, or are refused."""

import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.core.table_options import ImportOptions
from sonar_sign.core.tables import read_columns
from sonar_sign.evaluation.import_predictions import import_predictions
from sonar_sign.evaluation.peer_outputs import read_peer_output

CAPTIONS = {"c1": "Hi, I'm Ann.", "c2": "Thank you!", "c3": "Thank you.", "c4": "Add 2 eggs."}
# In the order of the other program's data set.
ORDER = ("c4", "c1", "c3", "c2")


@pytest.fixture
def folder(tmp_path):
    lines = ["clip_id\ttext", *(f"{name}\t{text}" for name, text in CAPTIONS.items())]
    (tmp_path / "test.tsv").write_text("\n".join(lines) + "\n")
    return tmp_path


def fairseq(folder, kind="D"):
    lines = ["2024-01-01 | INFO | loading"]
    for n, name in enumerate(ORDER):
        lines += [f"S-{n}\t", f"T-{n}\t{CAPTIONS[name].lower()}"]
        lines += [f"H-{n}\t-0.{n + 1}\t\u2581of \u2581 {name}", f"H-{n}\t-9.5\t\u2581worse"]
        lines += [f"D-{n}\t-0.{n + 1}\tof {name}", f"D-{n}\t-9.5\tworse"] if kind == "D" else []
        lines += [f"P-{n}\t-0.1 -0.2"]
    path = folder / "generate.out"
    path.write_text("\n".join([*lines, "Generate test with beam=5: BLEU4 = 8.03"]))
    return path


def ssvp(folder):
    path = folder / "test_outputs.tsv"
    rows = [f"of {name}\t{CAPTIONS[name]}" for name in ORDER]
    path.write_text("\n".join(["Prediction\tReference", *rows]) + "\n")
    return path


def uni_sign(folder):
    path = folder / "test_tmp_pres.txt"
    path.write_text("".join(f"of {name}\n" for name in ORDER))
    refs = "".join(f"{CAPTIONS[name].lower()}\n" for name in ORDER)
    (folder / "test_tmp_refs.txt").write_text(refs)
    return path


def spamo(folder):
    path = folder / "test_generated.txt"
    blocks = [
        f"ID: {name}\nVis Token: x\nReference: {CAPTIONS[name].lower()}\nGenerated: of {name}\n\n"
        for name in ORDER
    ]
    path.write_text("".join(blocks))
    return path


@pytest.mark.parametrize("write", [fairseq, ssvp, uni_sign, spamo])
def test_every_clip_gets_its_own_sentence(folder, write):
    notes = import_predictions(write(folder), folder / "test.tsv", folder / "out.tsv")
    found = read_columns(folder / "out.tsv", ("clip_id", "prediction"))
    table = dict(zip(found["clip_id"], found["prediction"], strict=True))
    assert list(table) == list(CAPTIONS)
    # Lower-cased captions do not tell c2 from c3, but by their marks; SpaMo saves ids.
    assert table == {name: f"of {name}" for name in CAPTIONS}
    assert "4 of 4 clips" in notes[0]


def test_fairseq_without_detokenised_lines_and_its_scores(folder):
    import_predictions(fairseq(folder, "H"), folder / "test.tsv", folder / "out.tsv")
    found = read_columns(folder / "out.tsv", ("clip_id", "prediction", "score"))
    assert found["prediction"][0] == "of c1" and found["score"] == ["-0.2", "-0.4", "-0.3", "-0.1"]


def test_other_clips_are_refused_and_can_be_filled(folder):
    path = ssvp(folder)
    text = path.read_text().replace("Add 2 eggs.", "Add 3 eggs.")
    path.write_text(text)
    with pytest.raises(UserError, match=r"lacks 1 clips \(c4\) and 1 of its sentences belong"):
        import_predictions(path, folder / "test.tsv", folder / "out.tsv")
    assert not (folder / "out.tsv").exists()
    notes = import_predictions(path, folder / "test.tsv", folder / "out.tsv", ImportOptions("fill"))
    assert "1 clips that it lacks" in notes[1] and "1 of its sentences" in notes[2]
    assert read_columns(folder / "out.tsv", ("clip_id", "prediction"))["prediction"][-1] == ""


def test_without_references_only_the_number_speaks_for_the_order(folder):
    path = uni_sign(folder)
    (folder / "test_tmp_refs.txt").unlink()
    notes = import_predictions(path, folder / "test.tsv", folder / "out.tsv")
    assert "nothing but their number" in notes[1]
    path.write_text("one\ntwo\n")
    with pytest.raises(UserError, match="2 sentences without references"):
        import_predictions(path, folder / "test.tsv", folder / "out.tsv")


def test_captions_that_were_changed_are_named(folder):
    path = spamo(folder)
    path.write_text(path.read_text().replace("add 2 eggs.", "add two eggs."))
    notes = import_predictions(path, folder / "test.tsv", folder / "out.tsv")
    assert "1 of its references are other texts than ours (c4)" in notes[1]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.txt", "a sentence\n", "is no output of"),
        ("a.tsv", "Prediction\tReference\na\tb\tc\n", "line 2: 3 fields"),
        ("a.out", "T-0\ta\n", "no hypotheses"),
        ("a.out", "T-0\ta\nH-0\ttext\n", "has no score"),
        ("a.out", "T-0\ta\nH-0\t-1\tb\nH-1\t-1\tb\n", "sentence 1"),
        ("a.out", "H-0\t-1\tb\nH-1\t-1\tb\nD-0\t-1\tb\n", "cut off"),
        ("x_tmp_pres.txt", "a\nb\n", "another|line break"),
        ("a.txt", "ID: c1\nGenerated: a\n", "lacks Reference"),
        ("a.txt", "Reference: a\nGenerated: b\n", "no block began"),
        ("a.out", "", "."),
    ],
)
def test_damaged_outputs_are_a_sentence(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    (tmp_path / "x_tmp_refs.txt").write_text("a\n")
    with pytest.raises(UserError, match=message):
        read_peer_output(tmp_path / name)
