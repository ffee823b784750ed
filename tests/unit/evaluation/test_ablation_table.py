"""An ablation's table in a Markdown file."""

import subprocess
import sys
from pathlib import Path

import pytest
from comparison_files import comparison_folder, of_seeds, run, trained

from sonar_sign.core.errors import UserError
from sonar_sign.evaluation.ablation_table import write_ablation_table

PAGE = "# Ablation\n\nText.\n\n<!-- table -->\nold\n<!-- /table -->\n\nMore text.\n"


@pytest.fixture
def folder(tmp_path):
    return comparison_folder(tmp_path)


def test_the_block_is_replaced_by_the_rows(folder):
    def of(system, share, **settings):
        components = {"sign_encoder": trained(epochs=3, **settings), "video_encoder": None}
        return of_seeds(folder, system, share, components=components, decoding={"beam_size": 5})

    zero = of_seeds(
        folder, "zero_shot", 0.8, seeds=(1,), components={"sign_encoder": None}, decoding={}
    )
    paths = [*of("full", 0.2, cosine=0.5), *of("mse_only", 0.6, cosine=0), *zero]
    comparison = run(folder, *paths)
    (folder / "ablation.md").write_text(PAGE)
    command = [
        Path(sys.executable).with_name("sonar-sign"), "ablation_table",
        "--comparison", folder / "out/comparison.json", "--output", folder / "ablation.md",
    ]  # fmt: skip
    for _ in range(2):  # the table that it wrote is replaced too
        subprocess.run(command, check=True)
        text = (folder / "ablation.md").read_text()
        assert text.startswith("# Ablation\n\nText.\n\n<!-- table -->\n\n| system |")
        assert text.endswith("|\n\n<!-- /table -->\n\nMore text.\n") and "old" not in text
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    assert rows[0] == ["system", "changed settings", "BLEU-4", "each seed", "p against full"]
    bleu = {name: scores["bleu_4"] for name, scores in comparison["systems"].items()}
    first, second, third = rows[2:]
    assert first[:2] == ["full", ""] and first[4] == ""
    assert second[:2] == ["mse_only", "sign_encoder.cosine 0"]
    assert second[2] == f"{bleu['mse_only']['value']:.1f} ± {bleu['mse_only']['deviation']:.1f}"
    assert second[3] == ", ".join(f"{v:.1f}" for v in bleu["mse_only"]["by_seed"].values())
    both = [
        row["p"]
        for row in comparison["significance"]
        if row["metric"] == "bleu_4" and row["systems"] == ["full", "mse_only"]
    ]
    assert second[4] == f"{max(both):.3f}" and len(both) == 2
    assert third[:2] == ["zero_shot", "no trained sign_encoder"]
    assert third[2] == third[3] == f"{bleu['zero_shot']['value']:.1f}"


@pytest.mark.parametrize(
    "page",
    [
        "no marks",
        "<!-- table -->",
        "<!-- /table -->\n<!-- table -->",
        PAGE + PAGE,
    ],
)
def test_a_page_without_its_two_marks_is_refused_and_kept(folder, page):
    run(folder, *of_seeds(folder, "a", 0.2, seeds=(1,)))
    (folder / "page.md").write_text(page)
    with pytest.raises(UserError, match="needs one line <!-- table -->"):
        write_ablation_table(folder / "out/comparison.json", folder / "page.md")
    assert (folder / "page.md").read_text() == page


def test_what_compare_did_not_write_is_refused(folder):
    (folder / "x.json").write_text("{}")
    (folder / "page.md").write_text(PAGE)
    with pytest.raises(UserError, match="was not written by compare"):
        write_ablation_table(folder / "x.json", folder / "page.md")
