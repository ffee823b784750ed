"""Draw the rule graph into the README, where git hosts show Mermaid as a picture."""

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
BETWEEN = re.compile(r"(?<=<!-- dag -->\n).*?(?=<!-- /dag -->)", re.DOTALL)


def main() -> None:
    graph = subprocess.run(
        [str(Path(sys.executable).with_name("snakemake")), "--cores", "1", "--forceall"]
        + ["--rulegraph", "mermaid-js"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    graph = graph[graph.index("flowchart") :]
    # Snakemake gives each rule a colour of its own, which says nothing and hides dark themes.
    lines = [line for line in graph.splitlines() if not line.strip().startswith("style ")]
    block = "```mermaid\n" + "\n".join(lines) + "\n```\n"
    README.write_text(BETWEEN.sub(lambda _: block, README.read_text(encoding="utf-8")), "utf-8")


if __name__ == "__main__":
    main()
