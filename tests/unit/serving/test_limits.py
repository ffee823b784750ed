"""A process that takes more than it may does not get it."""

import subprocess
import sys

import pytest

SCRIPT = """
import sys
from sonar_sign.serving.limits import limit_this_process
limit_this_process(50_000_000, cpu_s=1)
{work}
"""


def run(work: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT.format(work=work)], capture_output=True, text=True
    )


def test_memory_beyond_the_limit_is_an_error_that_can_be_caught():
    done = run("try: bytearray(100_000_000)\nexcept MemoryError: print('refused')")
    assert done.stdout == "refused\n"
    assert run("print(len(bytearray(10_000_000)))").stdout == "10000000\n"


@pytest.mark.long
def test_time_beyond_the_limit_ends_the_process():
    assert run("while True: pass").returncode < 0
