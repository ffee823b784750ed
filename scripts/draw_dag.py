"""Write the rule graph of a whole run to `results/dag.mmd` (Mermaid) and `results/dag.svg`.

The SVG needs graphviz's `dot`; without it only the Mermaid file is written.
"""

import shutil
import subprocess
import sys
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "results"


def rule_graph(kind: str, first_word: str) -> str:
    """Snakemake's rule graph, without the messages before it."""
    snakemake = str(Path(sys.executable).with_name("snakemake"))
    command = [snakemake, "--cores", "1", "--forceall", "--rulegraph", kind]
    graph = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return graph[graph.index(first_word) :]


def main() -> None:
    graph = rule_graph("mermaid-js", "flowchart")
    # Snakemake gives every rule a random colour, which is hard to read in dark themes.
    lines = [line for line in graph.splitlines() if not line.strip().startswith("style ")]
    written = [RESULTS / "dag.mmd"]
    written[0].write_text("\n".join(lines) + "\n", encoding="utf-8")
    if shutil.which("dot"):
        written.append(RESULTS / "dag.svg")
        command = ["dot", "-Tsvg", "-o", str(written[1])]
        subprocess.run(command, input=rule_graph("dot", "digraph"), text=True, check=True)
    print("\n".join(map(str, written)))


if __name__ == "__main__":
    main()
