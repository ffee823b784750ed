"""What the programs of other papers print or save, read as they write it.

| program | file |
|---|---|
| slt_how2sign and others of fairseq | the output of `fairseq-generate`: lines `T-7`, `H-7`, `D-7` |
| SSVP-SLT | `{split}_outputs.tsv` with `Prediction` and `Reference`, without quotes or ids |
| Uni-Sign | `{split}_tmp_pres.txt`, and beside it `{split}_tmp_refs.txt` |
| SpaMo | blocks of `ID:`, `Reference:` and `Generated:` |
"""

import re
from dataclasses import dataclass
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.numbers import parse_number
from sonar_sign.core.text_files import read_text

FAIRSEQ, SSVP_SLT, UNI_SIGN, SPAMO = "fairseq", "SSVP-SLT", "Uni-Sign", "SpaMo"
_FAIRSEQ_LINE = re.compile(r"^([THD])-([0-9]{1,9})\t(.*)$")
_SPAMO_LINE = re.compile(r"^(ID|Reference|Generated):(?: (.*))?$")
_PREDICTIONS, _REFERENCES = "_tmp_pres.txt", "_tmp_refs.txt"
# SentencePiece's mark of a word's beginning.
_PIECE = "\u2581"


@dataclass(frozen=True)
class PeerOutput:
    """Sentences in the order of the other program's data set."""

    path: Path
    program: str
    predictions: list[str]
    references: list[str] | None
    """Its own captions, which may be in another case than ours; None: it saved none."""
    ids: list[str] | None = None
    scores: list[float] | None = None
    """Of its decoder."""


def read_peer_output(path: Path) -> PeerOutput:
    """Recognise a file by its content (Uni-Sign's by its name) and read it.

    Raises:
        UserError: it is none of these, or is damaged; the line is named.
    """
    path = Path(path)
    lines = read_text(path, "The output of another program").removesuffix("\n").split("\n")
    if lines[0].rstrip() == "Prediction\tReference":
        return _ssvp_slt(path, lines[1:])
    if path.name.endswith(_PREDICTIONS):
        return _uni_sign(path, lines)
    if any(_FAIRSEQ_LINE.match(line) for line in lines):
        return _fairseq(path, lines)
    if any(line.startswith("Generated:") for line in lines):
        return _spamo(path, lines)
    raise UserError(
        f"{path} is no output of fairseq-generate (lines H-0, T-0), SSVP-SLT (Prediction, "
        f"Reference), Uni-Sign (*{_PREDICTIONS}) or SpaMo (ID:, Reference:, Generated:); give a "
        "table with clip_id and prediction to compare itself."
    )


def _ssvp_slt(path: Path, lines: list[str]) -> PeerOutput:
    rows = [line.split("\t") for line in lines]
    for number, row in enumerate(rows, start=2):
        if len(row) != 2:
            raise UserError(
                f"{path}, line {number}: {len(row)} fields where SSVP-SLT writes a prediction, a "
                "tab and a reference; mend the line."
            )
    return PeerOutput(path, SSVP_SLT, [row[0] for row in rows], [row[1] for row in rows])


def _uni_sign(path: Path, lines: list[str]) -> PeerOutput:
    beside = path.with_name(path.name.removesuffix(_PREDICTIONS) + _REFERENCES)
    references = None
    if beside.is_file():
        references = read_text(beside).removesuffix("\n").split("\n")
        if len(references) != len(lines):
            raise UserError(
                f"{path} has {len(lines)} lines and {beside.name} {len(references)}; a text with a "
                "line break in it, or files of two runs."
            )
    return PeerOutput(path, UNI_SIGN, lines, references)


def _fairseq(path: Path, lines: list[str]) -> PeerOutput:
    """Of several hypotheses of a sentence the first, which is the best; D is detokenised H."""
    found: dict[str, dict[int, str]] = {"T": {}, "H": {}, "D": {}}
    for number, line in enumerate(lines, start=1):
        match = _FAIRSEQ_LINE.match(line)
        if match is None:
            continue
        kind, sentence, text = match[1], int(match[2]), match[3]
        if kind != "T" and "\t" not in text:
            raise UserError(
                f"{path}, line {number}: {kind}-{sentence} has no score before its text; give the "
                "output of fairseq-generate as it was written."
            )
        found[kind].setdefault(sentence, text)
    hypotheses = found["D"] or found["H"]
    if not hypotheses:
        raise UserError(f"{path} has references (T) and no hypotheses (H or D).")
    if found["D"] and found["H"].keys() != found["D"].keys():
        raise UserError(f"{path} has lines H and D of different sentences; it is cut off.")
    order = sorted(hypotheses)
    if found["T"] and sorted(found["T"]) != order:
        lacks = sorted(found["T"].keys() ^ hypotheses.keys())[0]
        raise UserError(f"{path} has only a reference or a hypothesis of sentence {lacks}.")
    pairs = [hypotheses[sentence].split("\t", 1) for sentence in order]
    scores = [parse_number(score) for score, _ in pairs]
    return PeerOutput(
        path,
        FAIRSEQ,
        [_without_pieces(text) for _, text in pairs],
        [_without_pieces(found["T"][one]) for one in order] if found["T"] else None,
        scores=None if None in scores else [float(s) for s in scores if s is not None],
    )


def _without_pieces(text: str) -> str:
    if _PIECE not in text:
        return text
    return text.replace(" ", "").replace(_PIECE, " ").strip()


def _spamo(path: Path, lines: list[str]) -> PeerOutput:
    blocks: list[dict[str, str]] = []
    for number, line in enumerate(lines, start=1):
        match = _SPAMO_LINE.match(line)
        if match is None:
            continue
        key, text = match[1], match[2] or ""
        if key == "ID":
            blocks.append({})
        if not blocks or key in blocks[-1]:
            raise UserError(f"{path}, line {number}: {key} stands where no block began with ID.")
        blocks[-1][key] = text
    for block in blocks:
        missing = [key for key in ("Reference", "Generated") if key not in block]
        if missing:
            raise UserError(f"{path}: the block of ID {block['ID']!r} lacks {missing[0]}.")
    return PeerOutput(
        path,
        SPAMO,
        [block["Generated"] for block in blocks],
        [block["Reference"] for block in blocks],
        ids=[block["ID"].strip() for block in blocks],
    )
