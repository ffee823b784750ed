"""`make help` lists every target."""

import re
import subprocess

from small_files import REPOSITORY


def test_help_lists_every_target_with_a_line():
    done = subprocess.run(["make", "help"], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    listed = dict(re.findall(r"^make (\S+) +(\S.*)$", done.stdout, flags=re.MULTILINE))
    targets = re.search(r"^\.PHONY: (.*)$", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    assert set(listed) == set(targets[1].split())
