"""Figures and tables for the documentation, computed from the rates as `estimate` computes them.

A page says `<!-- rates: NAME -->...<!-- /rates -->`; `scripts/write_rates.py` writes what stands
between.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.wording import nearest
from sonar_sign.operations.config import load_config
from sonar_sign.operations.estimate import Estimate, estimate
from sonar_sign.operations.estimate_text import COLUMNS, rows_of
from sonar_sign.operations.memory import PREFIX
from sonar_sign.operations.rates import read_rates, values_of

MARKED = re.compile(r"(<!-- rates: (?P<name>[\w. ]+) -->)(?P<old>.*?)(<!-- /rates -->)", re.DOTALL)
MEASURES = ("core_hours", "gpu_hours", "disk_gb", "memory_gb")
NO_RESULTS = Path("/no/results")


@dataclass(frozen=True)
class RatesText:
    """What can be said of the real job, by the name of a mark."""

    config: Path
    """The config of the real job."""

    @cached_property
    def found(self) -> Estimate:
        return estimate(load_config([self.config]).experiment, read_rates(), NO_RESULTS)

    @cached_property
    def numbers(self) -> dict[str, float]:
        """The rates, and each measure of each step, such as `train_stage1.gpu_hours`."""
        numbers = dict(values_of(read_rates()))
        for step in self.found.steps:
            for measure in MEASURES:
                numbers[f"{step.name.replace(' ', '_')}.{measure}"] = getattr(step, measure)
        for measure in MEASURES[:3]:
            of_steps = [getattr(step, measure) for step in self.found.steps]
            numbers[f"total.{measure}"] = sum(of_steps)
            of_systems = [
                getattr(step, measure)
                for step in self.found.steps
                if step.name.startswith("predict ")
            ]
            numbers[f"predict.{measure}"] = sum(of_systems)
        return numbers

    def written(self, page: str, *, comma: bool = False) -> str:
        """A page with what its marks ask for.

        Args:
            comma: whether decimals are written with a comma, as in Italian.

        Raises:
            UserError: a mark asks for something that is not there.
        """

        def fill(match: re.Match) -> str:
            return f"{match[1]}{self._text(match['name'], comma)}{match[4]}"

        return MARKED.sub(fill, page)

    def _text(self, name: str, comma: bool) -> str:
        tables = {"steps": self.steps, "memory": self.memory, "cpu": self.cpu}
        if name in tables:
            return f"\n{tables[name]()}\n"
        if name not in self.numbers:
            raise UserError(f"No rate or step is called {name}; {nearest(name, self.numbers)}.")
        text = _figure(self.numbers[name])
        return text.replace(".", ",") if comma else text

    def steps(self) -> str:
        """What each step of the real job needs, all of its jobs together."""
        return _table(("step", *COLUMNS), rows_of(self.found))

    def memory(self) -> str:
        """The peak of one job, by rule, and whether it was measured."""
        rows = [
            (
                f"`{name.removeprefix(PREFIX)}`",
                _figure(rate["value"]),
                "measured" if rate["measured"] else "assumed",
            )
            for name, rate in sorted(
                read_rates().items(), key=lambda item: (-item[1]["value"], item[0])
            )
            if name.startswith(PREFIX) and name != f"{PREFIX}demo"
        ]
        return _table(("jobs", "GB", ""), rows)

    def cpu(self) -> str:
        """What the steps for GPUs take on two CPU cores."""
        train = self.found.loads["how2sign, train"]
        clips = sum(load.clips for load in self.found.loads.values())
        rates = values_of(read_rates())
        rows = [
            ("`extract`", "extract_cpu_s_per_clip", clips, "all clips once"),
            ("stage 1", "stage1_cpu_s_per_clip", train.clips, "an epoch"),
            ("stage 2", "stage2_cpu_s_per_clip", train.clips, "an epoch"),
        ]
        return _table(
            ("step", "seconds per clip", "hours", "for"),
            [
                (step, _figure(rates[name]), _figure(rates[name] * n / 3600), what)
                for step, name, n, what in rows
            ],
        )


def _figure(value: float) -> str:
    """As few digits as tell something: `0.046`, `0.35`, `9.7`, `31.9`, `181`."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
