"""The memory that there is: the machine's, or less where a group of processes has a limit."""

import pytest

from sonar_sign.operations.machine import memory_bytes

GIB = 1 << 30


@pytest.fixture
def machine(tmp_path):
    """Writes a machine of 64 GiB, with groups of processes and their limits."""

    def write(group, **limits):
        proc, groups = tmp_path / "proc", tmp_path / "cgroup"
        (proc / "self").mkdir(parents=True)
        (proc / "meminfo").write_text("MemTotal:       67108864 kB\nMemFree: 5 kB\n")
        (proc / "self/cgroup").write_text(group + "\n")
        for path, text in limits.items():
            file = groups / path.replace("__", "/").replace("_in_bytes", ".limit_in_bytes")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{text}\n")
        return memory_bytes(proc, groups)

    return write


def test_this_machine_has_memory():
    assert 1e8 < memory_bytes() < 1e15


def test_without_a_limit_all_of_it(machine):
    assert machine("0::/") == 64 * GIB


@pytest.mark.parametrize(
    ("group", "limits", "expected"),
    [
        ("0::/job", {"job__memory.max": 8 * GIB}, 8),
        ("0::/job", {"job__memory.max": "max"}, 64),
        # A limit of a group holds for all groups in it.
        ("0::/user/job", {"user__memory.max": 4 * GIB, "user__job__memory.max": "max"}, 4),
        # In a container the group's own folder is the root.
        ("0::/docker/abc", {"memory.max": 2 * GIB}, 2),
        ("4:memory:/job", {"memory__job__memory_in_bytes": 16 * GIB}, 16),
        ("4:memory:/job", {"memory__job__memory_in_bytes": 9223372036854771712}, 64),
        ("4:cpu,memory:/", {"memory__memory_in_bytes": 3 * GIB}, 3),
        ("0::/../../other", {"memory.max": 5 * GIB}, 5),
    ],
)
def test_the_limit_of_a_group_goes_before(machine, group, limits, expected):
    assert machine(group, **limits) == expected * GIB
