"""Predictions and captions in any form, as `sample` and `evaluate` read them from files."""

import csv
import json
import re

import pandas as pd
import pytest
from in_process import refusal, told

IDS = ["001", "002", "003", "010"]
REFERENCES = ['He said "no".', "Take the cup, please.", "nan", "Perché no?"]
PREDICTIONS = ['He said "yes".', "Take the cup.", "null", "Perché\u2028sì?"]


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "manifest.tsv", manifest())
    return tmp_path


def manifest(ids=IDS, texts=REFERENCES):
    return pd.DataFrame(
        {"clip_id": ids, "source": [f"v{n}" for n in range(len(ids))], "text": texts}
    )


def predictions(ids=IDS, texts=PREDICTIONS):
    return pd.DataFrame({"clip_id": ids, "prediction": texts})


def write(path, frame, encoding="utf-8", separator="\t", end="\n"):
    """A table without any quoting."""
    lines = [separator.join(row) for row in [list(frame.columns), *frame.values.tolist()]]
    path.write_bytes((end.join(lines) + end).encode(encoding))
    return path


def command(folder, path, *flags, manifest="manifest.tsv"):
    files = ["--predictions", path, "--manifest", folder / manifest]
    return ["sample", *files, "--output", folder / "samples.json", *flags]


def read(folder, path, *flags, manifest="manifest.tsv"):
    """The texts as the command understood them, and what it said."""
    said = told(*command(folder, path, *flags, manifest=manifest))
    samples = json.loads((folder / "samples.json").read_text(encoding="utf-8"))
    found = {row["clip_id"]: (row["predicted"], row["ground_truth"]) for row in samples}
    return found, said


EXPECTED = {clip_id: texts for clip_id, *texts in zip(IDS, PREDICTIONS, REFERENCES, strict=True)}
EXPECTED = {clip_id: tuple(texts) for clip_id, texts in EXPECTED.items()}
FORMS = {
    "plain.tsv": lambda frame, path: write(path, frame),
    "windows.tsv": lambda frame, path: write(path, frame, "utf-8-sig", end="\r\n"),
    "wide.tsv": lambda frame, path: write(path, frame, "utf-16"),
    "reversed.tsv": lambda frame, path: write(path, frame.iloc[::-1]),
    "pandas.tsv": lambda frame, path: frame.to_csv(path, sep="\t", index=False),
    "all.tsv": lambda frame, path: frame.to_csv(path, sep="\t", index=False, quoting=csv.QUOTE_ALL),
    "commas.csv": lambda frame, path: frame.to_csv(path, index=False),
    "tabs.csv": lambda frame, path: frame.to_csv(path, sep="\t", index=False),
    "index.csv": lambda frame, path: frame.to_csv(path),
    "lines.jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True),
    "rows.json": lambda frame, path: frame.to_json(path, orient="records"),
    "columns.json": lambda frame, path: frame.to_json(path, orient="split"),
    "mapping.json": lambda frame, path: path.write_text(
        json.dumps(dict(zip(frame["clip_id"], frame.iloc[:, -1], strict=True)))
    ),
    "frame.parquet": lambda frame, path: frame.to_parquet(path),
    "categories.parquet": lambda frame, path: frame.astype("category").to_parquet(path),
    "lines_in.tsv": lambda frame, path: frame.to_json(path, orient="records", lines=True),
    "parquet_in.csv": lambda frame, path: frame.to_parquet(path),
    "table_in.txt": lambda frame, path: frame.to_csv(path, index=False),
}
REFUSED_FORMS = {"columns.json": "neither a list of objects"}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_read_right_or_refused(folder, name):
    FORMS[name](predictions(), folder / name)
    if name in REFUSED_FORMS:
        assert REFUSED_FORMS[name] in refusal(*command(folder, folder / name))
        return
    found, said = read(folder, folder / name)
    assert found == EXPECTED
    assert ("were taken off" in said) == (name in ("pandas.tsv", "all.tsv", "tabs.csv"))


@pytest.mark.parametrize("name", ["pandas.tsv", "commas.csv", "lines.jsonl", "frame.parquet"])
def test_captions_may_have_any_form_too(folder, name):
    FORMS[name](manifest(), folder / name)
    write(folder / "p.tsv", predictions())
    assert read(folder, folder / "p.tsv", manifest=name)[0] == EXPECTED


def test_columns_and_quoting_can_be_set(folder):
    frame = predictions().rename(columns={"clip_id": "SENTENCE_NAME", "prediction": "hyp"})
    frame.to_csv(folder / "p.tsv", sep="\t", index=False)
    names = ("--id", "SENTENCE_NAME", "--text", "hyp")
    assert read(folder, folder / "p.tsv", *names)[0] == EXPECTED
    kept, said = read(folder, folder / "p.tsv", *names, "--quoting", "none")
    assert kept["001"] == ('"He said ""yes""."', REFERENCES[0]) and "taken off" not in said
    assert "lacks the columns clip_id, prediction; it has SENTENCE_NAME, hyp" in refusal(
        *command(folder, folder / "p.tsv")
    )


def test_texts_that_stand_in_quotes_are_texts(folder):
    write(folder / "p.tsv", predictions(texts=['"Stop!"', "a", "b", '"c']))
    found, said = read(folder, folder / "p.tsv")
    assert found["001"][0] == '"Stop!"' and found["010"][0] == '"c'
    assert found["002"][0] == "a"
    write(folder / "p.tsv", predictions(texts=['"Stop!"', "a", "b", "c"]))
    found, said = read(folder, folder / "p.tsv")
    assert found["001"][0] == '"Stop!"' and "quotes around whole texts (1) count as text" in said
    assert read(folder, folder / "p.tsv", "--quoting", "csv")[0]["001"][0] == "Stop!"


HOSTILE = {
    "latin.tsv": (
        "clip_id\tprediction\n001\tperché\n".encode("latin-1"),
        "line 2; convert it, .*iconv",
    ),
    "nul.tsv": (b"clip_id\tprediction\n001\ta\0b\n", "line 2 holds a NUL"),
    "mac.tsv": (b"clip_id\tprediction\r001\ta\r", "line 1 holds a carriage return"),
    "twice.tsv": (b"clip_id\tprediction\tprediction\n001\ta\tb\n", "'prediction' more than once"),
    "comma.csv": (b"clip_id,prediction\n001,Hello, you\n", "line 2: 3 fields .*double quotes"),
    "few.csv": (b"clip_id,prediction\n001\n", "line 2: 1 fields"),
    "tab.tsv": (b"clip_id\tprediction\n001\ta\tb\n", "line 2: 3 fields"),
    "open.csv": (b'clip_id,prediction\n001,"Hello\n', "line 2: a quoted field does not end"),
    "semicolon.csv": (b"clip_id;prediction\n001;a\n", "separated by semicolons"),
    "same.tsv": (b"clip_id\tprediction\n001\ta\n001\tb\n", "'001' twice, in lines 2 and 3"),
    "case.tsv": (b"clip_id\tprediction\na\tx\nA\ty\n", "differ only in case"),
    "form.tsv": (
        "clip_id\tprediction\ncafe\u0301\tx\ncaf\u00e9\ty\n".encode(),
        "differ only in case, spaces or Unicode",
    ),
    "space.csv": (b"clip_id,prediction\na,x\n a,y\n", "differ only in case"),
    "empty_id.tsv": (b"clip_id\tprediction\n\tx\n", "line 2 has no clip_id"),
    "empty.tsv": (b"", "is empty"),
    "header.tsv": (b"clip_id\tprediction\n", "Different clips: 4 only in"),
    "huge.tsv": (b"clip_id\tprediction\n001\t" + b"a" * 20_000 + b"\n", "20000 characters"),
    "null.jsonl": (b'{"clip_id": "001", "prediction": null}\n', "'prediction' is null"),
    "nan.jsonl": (b'{"clip_id": "001", "prediction": NaN}\n', "NaN is not JSON"),
    "float.jsonl": (b'{"clip_id": 1.0, "prediction": "a"}\n', "'clip_id' is 1.0"),
    "list.jsonl": (b'{"clip_id": "001", "prediction": ["a"]}\n', "is a list"),
    "keys.jsonl": (b'{"clip_id": "1", "clip_id": "2", "prediction": "a"}\n', "occurs twice"),
    "half.jsonl": (b'{"clip_id": "001", "prediction": "\\ud83e"}\n', "half a surrogate pair"),
    "escaped.jsonl": (b'{"clip_id": "001", "prediction": "a\\u0000"}\n', "a NUL character"),
    "cut.jsonl": (b'{"clip_id": "001", "prediction": "a"}\n{"clip', "line 2"),
    "mixed.jsonl": (b'{"clip_id": "001", "prediction": "a"}\n"b"\n', "row 2 is a str"),
    "cut.txt": (b'{"clip_id": "001", "prediction": "a"}\n{"clip', "not JSON lines .*line 2"),
    "deep.json": (b"[" * 100_000, "nested too deeply|not JSON"),
    "tsv_in.json": (b"clip_id\tprediction\n001\ta\n", "is not JSON"),
    "text_in.parquet": (b"clip_id\tprediction\n001\ta\n", "named as Parquet but is none"),
    "cut.parquet": (b"PAR1" + b"x" * 90, "cannot be read as Parquet"),
    "book.xlsx": (b"PK\x03\x04" + b"x" * 90, "Excel workbook"),
    "packed.tsv.gz": (b"\x1f\x8b\x08" + b"x" * 90, "compressed with gzip"),
    "film.srt": (b"1\n00:00:01,000 --> 00:00:02,000\nHello\n", "no format of texts"),
    "tabs.txt": (b"001\tHello\n002\tYou\n", "line 1 holds a tab"),
    "lines.txt": (b"Hello\nYou\n", "texts without ids"),
    "break.jsonl": (b'{"clip_id": "a\\nb", "prediction": "a"}\n', "control character"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_read_right_is_refused_in_one_sentence(folder, name):
    content, words = HOSTILE[name]
    (folder / name).write_bytes(content)
    message = refusal(*command(folder, folder / name))
    assert re.search(words, message), message
    assert not (folder / "samples.json").exists()


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        (IDS[:-1], r"1 only in .*manifest.tsv \(010\)"),
        ([*IDS, "011"], r"1 only in .*p.tsv \(011\)"),
        (["1", "2", "3", "10"], "4 only in .* and 4 only in"),
        ([f"{name} " for name in IDS], r"\(4 of them differ only in case, spaces"),
    ],
)
def test_other_clips_than_given_are_refused(folder, ids, words):
    write(folder / "p.tsv", predictions(ids, ["x"] * len(ids)))
    assert re.search(words, refusal(*command(folder, folder / "p.tsv")))


@pytest.mark.parametrize(
    ("text", "note", "read_as"),
    [
        ("caf\ufffd", "U\\+FFFD, .* is kept \\(rows: 1, the first in line 1\\)", "caf\ufffd"),
        ("cafe\u0301", "NFD.* the first in line 1", "cafe\u0301"),
        ("a\nb\tc", "line breaks and tabs within texts \\(1\\) count as spaces", "a b c"),
    ],
)
def test_what_is_unusual_is_said(folder, text, note, read_as):
    texts = [text, *PREDICTIONS[1:]]
    predictions(texts=texts).to_json(folder / "p.jsonl", orient="records", lines=True)
    found, said = read(folder, folder / "p.jsonl")
    assert re.search(note, said)
    assert found["001"][0] == read_as


@pytest.mark.parametrize("cosine", ["nan", "inf", "7", "0_1", "1,0", "x"])
def test_cosines_are_numbers(folder, cosine):
    write(folder / "p.tsv", predictions().assign(cosine=[cosine, "0.5", "1e-05", ""]))
    message = refusal(*command(folder, folder / "p.tsv"))
    assert f"the cosine of 001 cannot be {cosine!r}" in message
