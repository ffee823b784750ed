"""What systems translate is spoken, played by the pages, and checked by doctor."""

import json
import re
import subprocess

import preloaded
import pytest
from workflow_project import REPOSITORY

pytestmark = pytest.mark.long

SPEECH = {"speech": {"systems": ["finetuned"]}, "feelings": {"hands": True}}


def findings(folder) -> list[str]:
    """What doctor finds wrong."""
    command = [str(preloaded.commands() / "sonar-sign"), "doctor", "--config", "config.yaml"]
    command += ["--lock", str(REPOSITORY / "requirements.lock")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    return [line for line in done.stdout.splitlines() if line.startswith("WRONG: ")]


def test_a_declared_system_speaks_its_samples_in_every_language(project):
    project.write_config(project.config | SPEECH)
    results = project.folder / "results/demo"

    run = project.run()
    assert run.code == 0 and run.ran == {"speak": 2, "gallery": 1, "speech_page": 1}, run.output
    samples = json.loads((results / "samples/finetuned.json").read_text())
    for language in ("eng_Latn", "ita_Latn"):
        index = results / "speech/finetuned" / language / "speech.jsonl"
        rows = [json.loads(line) for line in index.read_text().splitlines()]
        assert [row["id"] for row in rows] == [one["clip_id"] for one in samples]
        assert all(("wav" in row) != ("not_spoken" in row) for row in rows)
    page = (results / "report/index.html").read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])
    translations = [one for clip in data["clips"] for one in clip["translations"]]
    spoken = [one["speech"] for one in translations if "speech" in one]
    assert [len(one) for one in spoken] == [2] * len(samples)
    sounds = [one["sound"] for both in spoken for one in both if one["sound"]]
    assert sounds and all((results / "report" / name).is_file() for name in sounds)
    assert "data:audio/wav;base64," in (results / "report/speech.html").read_text()
    assert findings(project.folder) == []

    wav = next(results.glob("speech/finetuned/*/*.wav"))
    wav.write_bytes(wav.read_bytes()[:-2] + b"xx")
    (problem,) = findings(project.folder)
    assert wav.name in problem

    project.write_config(project.config | {"speech": {"systems": ["finetuned"], "style": "sad"}})
    assert project.dry_run() == {"speak": 2, "gallery": 1, "speech_page": 1}
