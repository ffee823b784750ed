"""Tables of a comparison: Markdown and the terminal's."""

import pytest
from comparison_files import (
    REFERENCES,
    comparison_folder,
    corrupted,
    metrics,
    of_seeds,
    run,
    trained,
)

from sonar_sign.core.errors import UserError
from sonar_sign.evaluation.comparison_table import COLUMNS, print_table, read_comparison, tables


@pytest.fixture
def folder(tmp_path):
    return comparison_folder(tmp_path)


def test_the_markdown_has_numbers_marks_intervals_and_notes(folder):
    paths = [
        metrics(folder, "a|b", corrupted(REFERENCES, 0.6)),
        metrics(folder, "good", corrupted(REFERENCES, 0.1)[:37] + [""] * 3),
    ]
    comparison = run(folder, *paths, training=[folder / "train.tsv"])
    lines = (folder / "out/comparison.md").read_text().splitlines()
    assert lines[0].startswith("| system | BLEU-1 | BLEU-2 | BLEU-3 | BLEU-4 | chrF | ROUGE-L |")
    assert lines[2].startswith("| a\\|b | ") and "*" not in lines[2]
    bleu = comparison["systems"]["good"]["bleu_4"]
    assert f"| {bleu['value']:.1f}* |" in lines[3]
    notes = "\n".join(lines)
    assert f"{bleu['low']:.1f} to {bleu['high']:.1f}" in notes
    assert "floor: constant caption" in notes and "12.3" in lines[3]
    assert "nltk without WordNet" in notes and "40 clips" in notes and "8 source videos" in notes
    assert "good: 3 empty predictions" in notes
    assert "Each seed" not in notes and "±" not in notes
    assert "stand in training word for word; BLEU-4 without them: a|b" in notes


def test_several_seeds_are_a_mean_a_deviation_and_a_row_each(folder, capsys):
    first = metrics(folder, "zero_shot", corrupted(REFERENCES, 0.8))
    comparison = run(folder, first, *of_seeds(folder, "finetuned", 0.2))
    main, *_, by_seed = tables(comparison)
    bleu = comparison["systems"]["finetuned"]["bleu_4"]
    place = main.header.index("BLEU-4")
    assert main.rows[1][place] == f"{bleu['value']:.1f} ± {bleu['deviation']:.1f}*"
    assert by_seed.title == "Each seed:" and by_seed.header[:2] == ["system", "seed"]
    assert [row[:2] for row in by_seed.rows] == [["finetuned", str(seed)] for seed in (1, 2, 3)]
    place = by_seed.header.index("BLEU-4")
    assert [row[place] for row in by_seed.rows] == [f"{v:.1f}" for v in bleu["by_seed"].values()]
    text = (folder / "out/comparison.md").read_text()
    assert "resampling source videos and seeds:" in text and "standard deviation" in text
    print_table(folder / "out/comparison.json")
    told = capsys.readouterr().out
    assert f"{bleu['value']:.1f} ± {bleu['deviation']:.1f}*" in told
    assert "finetuned, seed 2  " in told and "finetuned.seed2.json" in told


def test_settings_that_differ_have_columns(folder, capsys, monkeypatch):
    def of(name, share, **settings):
        components = {"video_encoder": trained("video_encoder", epochs=6, **settings)}
        info = {"components": components, "decoding": {"beam_size": 5}}
        return metrics(folder, name, corrupted(REFERENCES, share), info=info)

    none = {"components": {"video_encoder": None}, "decoding": {"beam_size": 5}}
    paths = [
        metrics(folder, "zero_shot", corrupted(REFERENCES, 0.5), info=none),
        of("a", 0.2, freeze=0.2, augment=True),
        of("b", 0.2, freeze=0.45, augment=False),
    ]
    main = tables(run(folder, *paths))[0]
    columns = ["video_encoder.kind", "video_encoder.freeze", "video_encoder.augment"]
    assert main.header[:5] == ["system", *columns, "BLEU-1"]
    assert main.rows[0][:4] == ["zero_shot", "-", "", ""]
    assert main.rows[1][:4] == ["a", "video_encoder", "0.2", "true"]
    assert main.rows[2][:4] == ["b", "video_encoder", "0.45", "false"]
    lines = (folder / "out/comparison.md").read_text().splitlines()
    assert lines[1].startswith("| --- | --- | --- | --- | ---: |")
    monkeypatch.setenv("COLUMNS", "200")
    print_table(folder / "out/comparison.json")
    told = capsys.readouterr().out
    assert "freeze" in told and "0.45" in told
    # A narrow terminal has the scores, and the names of what there is no room for.
    monkeypatch.setenv("COLUMNS", "90")
    print_table(folder / "out/comparison.json")
    told = capsys.readouterr().out
    assert "No room for settings" in told and "video_encoder.freeze" in told
    assert "0.45" not in told and max(map(len, told.splitlines()[:6])) <= 90


def test_many_settings_are_cut_and_said(folder):
    def of(name, value):
        components = {"sign_encoder": trained(**{f"s{n:02d}": value for n in range(12)})}
        return metrics(folder, name, REFERENCES, info={"components": components})

    comparison = run(folder, of("a", 1), of("b", 2))
    assert len(comparison["settings"]["differing"]) == 12
    assert tables(comparison)[0].header[8:10] == ["sign_encoder.s07", "BLEU-1"]
    text = (folder / "out/comparison.md").read_text()
    assert "also differ in sign_encoder.s08, sign_encoder.s09, sign_encoder.s10, " in text


def test_seeds_that_differ_in_more_than_their_seed_are_noted(folder):
    paths = [
        metrics(folder, f"a.seed{n}", REFERENCES, seed=n, info={"decoding": {"beam_size": n}})
        for n in (1, 2)
    ]
    run(folder, *paths)
    assert "a: its seeds differ in decoding.beam_size too." in (
        (folder / "out/comparison.md").read_text()
    )


def test_the_terminal_table_has_every_number_and_every_file(folder, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    path = metrics(folder, "finetuned", corrupted(REFERENCES, 0.2))
    run(folder, path)
    comparison = read_comparison(folder / "out/comparison.json")
    capsys.readouterr()
    print_table(folder / "out/comparison.json")
    told = capsys.readouterr().out
    for column in COLUMNS:
        value = comparison["systems"]["finetuned"][column.key]["value"]
        assert f"{value:.1f}" in told
    assert "floor: random caption" in told
    assert str(path) in told.replace("\n", "") and "comparison.md" in told


def test_a_file_that_compare_did_not_write_is_refused(tmp_path):
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(UserError, match="was not written by compare"):
        print_table(tmp_path / "x.json")
