"""Hours and gigabytes in the documentation are those that `estimate` and `doctor` say."""

import subprocess
import sys

import pytest
from small_files import REPOSITORY

from sonar_sign.core.errors import UserError
from sonar_sign.operations.config import load_config
from sonar_sign.operations.estimate import estimate
from sonar_sign.operations.rates import read_rates
from sonar_sign.operations.rates_text import MARKED, RatesText

CONFIG = REPOSITORY / "config/how2sign.yaml"
PAGES = [
    path for path in sorted((REPOSITORY / "docs").glob("*.md")) if "rates:" in path.read_text()
]


@pytest.fixture(scope="module")
def rates():
    return RatesText(CONFIG)


def test_the_pages_are_up_to_date(tmp_path):
    script = REPOSITORY / "scripts/write_rates.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True)
    written = {path.name: path.read_text() for path in (tmp_path / "docs").iterdir()}
    assert written == {path.name: path.read_text() for path in PAGES}
    assert {"how2sign.md", "install.md", "slurm.md", "quickstart.md"} <= set(written)


def test_no_mark_is_left_open():
    for path in PAGES:
        text = path.read_text()
        assert len(MARKED.findall(text)) == text.count("<!-- rates:") == text.count("<!-- /rates")


def test_figures_are_those_of_the_estimate(rates, tmp_path):
    experiment = load_config([CONFIG]).experiment
    steps = {step.name: step for step in estimate(experiment, read_rates(), tmp_path).steps}
    page = "<!-- rates: crop.core_hours -->13<!-- /rates --> hours"
    hours = f"{steps['crop'].core_hours:.1f}"
    assert rates.written(page) == f"<!-- rates: crop.core_hours -->{hours}<!-- /rates --> hours"
    italian = rates.written(page, comma=True)
    assert f">{hours.replace('.', ',')}<" in italian
    total = f"| total | {hours} |"
    assert total in rates.written("<!-- rates: steps --><!-- /rates -->")


def test_writing_twice_changes_nothing(rates):
    page = "a\n<!-- rates: memory -->\n<!-- /rates -->\nb <!-- rates: models --><!-- /rates -->"
    page = page.replace("models", "fetch_model.disk_gb")
    once = rates.written(page)
    assert once != page and rates.written(once) == once
    assert "demo" not in once and "| `train_sign_encoder` |" in once


def test_a_mark_of_nothing_is_refused(rates):
    with pytest.raises(UserError, match="crop.core_hour; did you mean crop.core_hours"):
        rates.written("<!-- rates: crop.core_hour --><!-- /rates -->")
