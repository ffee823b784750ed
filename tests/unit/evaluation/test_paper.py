"""The files for a paper: LaTeX that has the shape of LaTeX, CSV and BibTeX with the numbers."""

import csv
import re
import shutil
import subprocess

import pytest
from comparison_files import REFERENCES, comparison_folder, corrupted, metrics, of_seeds, run, table

from sonar_sign.evaluation.paper import escape

# Names that mean something to LaTeX, and letters that its fonts lack.
HARD = "[5pt] 100%_of {a}$&#~^\\ 手語 <é>"


@pytest.fixture
def folder(tmp_path):
    return comparison_folder(tmp_path)


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """A comparison of two systems, one of three seeds, and the folder that it is in."""
    folder = comparison_folder(tmp_path_factory.mktemp("paper"))
    first = metrics(folder, "zero_shot", corrupted(REFERENCES, 0.8))
    seeds = of_seeds(folder, "tuned", 0.2)
    options = {"training": [folder / "train.tsv"], "corpus_type": "how2sign"}
    return run(folder, first, *seeds, **options), folder / "out"


def rows_of(tex):
    """The cells of every row of the table, and what stands around it."""
    begin, end = tex.index("\\begin{tabular}"), tex.index("\\end{tabular}")
    lines = tex[begin:end].splitlines()[1:]
    rows = [line for line in lines if line.endswith("\\\\")]
    assert all(line.startswith("\\") for line in lines if line not in rows)
    return [re.split(r"(?<!\\)&", line[:-2]) for line in rows]


def check(tex):
    """Environments and braces are closed, every row has as many cells as the table has columns."""
    plain = re.sub(r"\\[{}]", "", tex)
    depth = 0
    for char in plain:
        depth += {"{": 1, "}": -1}.get(char, 0)
        assert depth >= 0
    assert depth == 0
    opened = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", tex):
        if kind == "begin":
            opened.append(name)
        else:
            assert opened.pop() == name
    assert not opened
    n_columns = len(re.search(r"\\begin\{tabular\}\{(l r*|lr*)\}", tex)[1])
    for row in rows_of(tex):
        assert len(row) == n_columns or row[0].startswith(f"\\multicolumn{{{n_columns}}}")
        # After the end of a row a bracket would be an option of the line break.
        assert not row[0].lstrip().startswith(("[", "*"))
    # Nothing of TeX is left unescaped in the text around.
    assert not re.search(r"(?<!\\)[#%](?! \\usepackage)", tex.split("\n", 1)[1])


def test_the_table_has_values_intervals_marks_and_citations(compared):
    comparison, out = compared
    tex = (out / "comparison.tex").read_text()
    check(tex)
    rows = rows_of(tex)
    place = [cell.strip() for cell in rows[0]].index("BLEU-4")
    cell = comparison["systems"]["tuned"]["bleu_4"]
    tuned = next(row for row in rows if row[0].strip() == "tuned")
    value = rf"{cell['value']:.1f} $\pm$ {cell['deviation']:.1f}$^{{*}}$"
    assert tuned[place].strip() == value
    interval = rows[rows.index(tuned) + 1][place]
    assert f"{cell['low']:.1f}--{cell['high']:.1f}" in interval
    cited = set(re.findall(r"\\cite\{([^}]+)\}", tex))
    bib = (out / "comparison.bib").read_text()
    assert cited == set(re.findall(r"^@misc\{([^,]+),", bib, re.MULTILINE)) and len(cited) > 8
    assert bib.count("{") == bib.count("}")
    assert "eprint = {2402.09611}" in bib and "year = {2024}" in bib
    assert r"\texttt{nrefs:1\textbar{}" in tex


def test_the_numbers_as_csv(compared):
    comparison, out = compared
    with (out / "comparison.csv").open(newline="") as file:
        rows = [*csv.DictReader(file)]
    found = {(row["group"], row["system"], row["metric"]): row for row in rows}
    assert len(found) == len(rows)
    cell = comparison["systems"]["tuned"]["bleu_4"]
    row = found["system", "tuned", "bleu_4"]
    for key in ("value", "low", "high", "deviation"):
        assert float(row[key]) == cell[key]
    assert row["n_seeds"] == "3" and float(row["p"]) < 0.05 and row["made_by"].startswith("nrefs:1")
    assert float(found["floor", "constant_caption", "chrf"]["value"]) > 0
    assert found["published", "SSVP-SLT", "bleurt"]["value"] == "49.6"
    assert "2024-02" in found["published", "SSVP-SLT", "bleurt"]["made_by"]


def test_names_that_mean_something_to_latex(folder):
    path = table(folder, "A", REFERENCES)
    comparison = run(folder, f"{HARD}={path}", reference=folder / "test.tsv")
    assert list(comparison["systems"]) == [HARD]
    tex = (folder / "out/comparison.tex").read_text()
    check(tex)
    assert "{[}U+624B]" in tex and "é" in tex
    assert not (folder / "out/comparison.bib").read_text()


def test_every_character_is_text():
    for char in (*map(chr, range(0x20, 0x7F)), "\xa0", "\xe9", "\u03b1", "\U0001f91f"):
        left = re.sub(r"\\text\w+\{\}|\\[&%$#_{}]|\{\[\}|\$\\pm\$", "", escape(char))
        assert not set(left) & set("\\{}$&#_%~^"), char


def test_it_compiles(compared):
    latex = next(filter(shutil.which, ("pdflatex", "tectonic", "xelatex")), None)
    if latex is None:
        pytest.skip("no TeX is installed")
    _, out = compared
    body = "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\\input{comparison}"
    (out / "paper.tex").write_text(body + "\\end{document}")
    flags = [] if latex == "tectonic" else ["-interaction=nonstopmode", "-halt-on-error"]
    done = subprocess.run([latex, *flags, "paper.tex"], cwd=out, capture_output=True)
    assert done.returncode == 0, done.stdout[-2000:]
