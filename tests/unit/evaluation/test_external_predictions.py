"""Anyone's prediction files: tables, or a sentence per line."""

import pytest
from comparison_files import REFERENCES, comparison_folder, corrupted, run, table

from sonar_sign.core.errors import UserError


@pytest.fixture
def folder(tmp_path):
    return comparison_folder(tmp_path)


def test_one_sentence_per_line(folder):
    (folder / "ref.txt").write_text("\n".join(REFERENCES) + "\n")
    (folder / "A.txt").write_text("\n".join(corrupted(REFERENCES, 0.2)) + "\n")
    comparison = run(folder, folder / "A.txt", reference=folder / "ref.txt")
    as_table = run(
        folder, table(folder, "A", corrupted(REFERENCES, 0.2)), reference=folder / "test.tsv"
    )
    for name, cell in as_table["systems"]["A"].items():
        assert comparison["systems"]["A"][name]["value"] == cell["value"]
    assert comparison["intervals"]["n_videos"] == 40
    (folder / "B.txt").write_text("one line\n")
    with pytest.raises(UserError, match="B.txt has 1 lines and .*ref.txt 40"):
        run(folder, folder / "B.txt", reference=folder / "ref.txt")
    with pytest.raises(UserError, match="both be tables"):
        run(folder, folder / "A.txt", reference=folder / "test.tsv")
