"""YAML of configs: plain values, each key once, and nothing that fills memory or stack."""

import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.operations.yaml_files import MAX_BYTES, extended_files, read_yaml

# Eleven lines that stand for 10^12 values, and forty that merge 2^40 times.
LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join(10 * [f'*a{n - 1}'])}]\n" for n in range(1, 12)
)
MERGES = "a0: &a0 {k0: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], k{n}: 1}}\n" for n in range(1, 40)
)


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "c.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_yaml(path)

    return read


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LAUGHS, "line 5: .*more than 20000 values, aliases included"),
        (MERGES, "more than 20000 values, aliases included"),
        ("a: &a [*a]\n", "line 1: .*the alias a stands within itself"),
        ("a: &a {b: &b [*a]}\n", "the alias a stands within itself"),
        ("a: *b\n", "undefined alias"),
        ("a: " + 5000 * "[" + 5000 * "]", "nested more than 30 deep"),
        ("".join(f"{' ' * n}a{n}:\n" for n in range(100)), "nested more than 30 deep"),
        ("seed: !!python/object/apply:os.system [x]\n", "line 1: .*tags such as .*python"),
        ("seed: !!int '5'\n", "tags such as"),
        ("!mine {a: 1}\n", "tags such as !mine"),
        ("a: !!binary aGVsbG8=\n", "tags such as"),
        ("a: 1\nb: 2\na: 3\n", "line 3: .*the key a stands there twice"),
        ("{a: {b: 1, b: 1}}\n", "the key b stands there twice"),
        ("b: &b {c: 1}\na: {<<: *b, <<: *b}\n", "the key << stands there twice"),
        ("1: 2\n", "a key must be a text: put 1 into quotes"),
        ("yes: 2\n", "put yes into quotes"),
        ("? [a]\n: 1\n", "put a list or mapping into quotes"),
        ("? \n: 1\n", "put an empty key into quotes"),
        ("[1, 2]\n", "holds no keys"),
        ("text\n", "holds no keys"),
        ("", "holds no keys"),
        ("# nothing\n", "holds no keys"),
        ("a: 1\n---\nb: 1\n", "another document"),
        ("a: \x07\n", "control characters"),
        ("a: \x00\n", "control characters"),
        ("a:\tb: c\n", "line 1: this is not a valid config"),
        (b"name: caf\xe9\n", "is not UTF-8 text .byte 10.; save it as UTF-8"),
        ("a: 1\n".encode("utf-16"), "is not UTF-8 text"),
        (f"a: '{MAX_BYTES * 'x'}'\n", "is larger than 200 KB"),
    ],
)
def test_what_no_config_is(read, text, words):
    with pytest.raises(UserError, match=words) as caught:
        read(text)
    message = str(caught.value)
    assert "\n" not in message and message.endswith(".") and len(message) < 400


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("-5", -5),
        ("0.5", 0.5),
        ("1e-3", 1e-3),
        ("1.5E+3", 1500.0),
        ("true", True),
        ("no", False),
        ("null", None),
        ("", None),
        # YAML 1.1 has numbers and dates for these; which of them was meant?
        ("0x10", "0x10"),
        ("010", "010"),
        ("0b1", "0b1"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        (".nan", ".nan"),
        (".inf", ".inf"),
        ("2024-01-01", "2024-01-01"),
        ("'5'", "5"),
        ("[1, 2.5]", [1, 2.5]),
    ],
)
def test_what_values_are(read, text, value):
    found = read(f"a: {text}\n")["a"]
    assert found == value and type(found) is type(value)


def test_a_byte_order_mark_and_aliases_are_no_mistake(read):
    text = "\ufeffa: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: *a\n"
    assert read(text) == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}, "c": {"x": 1, "y": 2}}


def test_what_a_file_extends():
    assert extended_files({"extends": "a.yaml"}, "here") == ["a.yaml"]
    assert extended_files({"extends": ["a.yaml", "b.yaml"]}, "here") == ["a.yaml", "b.yaml"]
    assert extended_files({"x": 1}, "here") == []
    for value in (5, None, [["a"]], [""], {"a": 1}, True):
        with pytest.raises(UserError, match="here: extends must be a file's name"):
            extended_files({"extends": value}, "here")
