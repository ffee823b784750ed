"""Draw the rule graph into the README, where git hosts show Mermaid as a picture.

Where graphviz is installed, `results/dag.svg` is drawn too.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
BETWEEN = re.compile(r"(?<=<!-- dag -->\n).*?(?=<!-- /dag -->)", re.DOTALL)


PICTURE = README.parent / "results/dag.svg"


def rule_graph(kind: str) -> str:
    snakemake = str(Path(sys.executable).with_name("snakemake"))
    command = [snakemake, "--cores", "1", "--forceall", "--rulegraph", kind]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def main() -> None:
    graph = rule_graph("mermaid-js")
    graph = graph[graph.index("flowchart") :]
    # Snakemake gives each rule a colour of its own, which says nothing and hides dark themes.
    lines = [line for line in graph.splitlines() if not line.strip().startswith("style ")]
    block = "```mermaid\n" + "\n".join(lines) + "\n```\n"
    README.write_text(BETWEEN.sub(lambda _: block, README.read_text(encoding="utf-8")), "utf-8")
    if shutil.which("dot"):
        dot = rule_graph("dot")
        dot = dot[dot.index("digraph") :]
        subprocess.run(["dot", "-Tsvg", "-o", str(PICTURE)], input=dot, text=True, check=True)


if __name__ == "__main__":
    main()
