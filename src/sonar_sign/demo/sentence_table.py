"""The table of what is hard about each sentence of a synthetic corpus: `sentences_{split}.tsv`.

Its columns: `SENTENCE_NAME`; `needs_context`, 1 where the caption says what only a sentence before
has signed; `spelled`, the name that is spelled, or empty; `unseen_name`, 1 where train never has
that name; `unseen_combination`, 1 where train never has this verb with this object; `question` and
`head_negation`, 1 where only face and head say so; `emphasis`, 0 to 1.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

from sonar_sign.core.tables import write_rows
from sonar_sign.corpora.drawn import SENTENCE_COLUMNS, SENTENCES
from sonar_sign.demo.lexicon import TEST_NAMES
from sonar_sign.demo.render import VideoPlan


def sentence_table(root: Path, split: str) -> Path:
    """The table of a split."""
    return root / SENTENCES.format(split=split)


def write_sentence_table(
    path: Path, videos: Sequence[VideoPlan], trained: Collection[tuple[str, str]]
) -> None:
    """Write the table of one split.

    Args:
        trained: the pairs of a verb and an object that the training split has.
    """
    rows = []
    for plan in videos:
        strengths = plan.emphasis or (0.0,) * len(plan.sentences)
        for k, (sentence, strength) in enumerate(zip(plan.sentences, strengths, strict=True)):
            facts = (
                sentence.needs_context,
                sentence.spelled,
                sentence.spelled in TEST_NAMES,
                (sentence.verb, sentence.noun) not in trained,
                sentence.asks,
                sentence.head_negation,
            )
            texts = (fact if isinstance(fact, str) else str(int(fact)) for fact in facts)
            rows.append((plan.sentence_name(k), *texts, f"{strength:.2f}"))
    write_rows(path, SENTENCE_COLUMNS, rows)
