"Writes README.md from nbs/index.ipynb, as its outputs stand: `make readme`."
import posixpath
import re
from pathlib import Path

import nbformat
from nbconvert import MarkdownExporter
from traitlets.config import Config

ROOT = Path(__file__).resolve().parents[1]
NOTE = "<!-- Written by `make readme` from nbs/index.ipynb: edit the notebook. -->\n\n"
HIDDEN = re.compile(r"^#\|\s*(?:hide|default_exp\b.*)\s*$", re.M)
DIRECTIVE = re.compile(r"^#\|.*\n?", re.M)
LINK = re.compile(r'(\]\(|(?:src|href)=")(?![a-z]+:|[#/])([^)"\s]+)')
STYLE = re.compile(r"<style scoped>.*?</style>\n?", re.S)  # pandas puts one in every table
CONFIG = Config({
    "ExtractOutputPreprocessor": {"output_filename_template": "figures/readme_{cell_index}_{index}{extension}"},
})


def from_root(link: re.Match) -> str:
    "A link relative to nbs/, made relative to the root of the repository."
    return link[1] + posixpath.normpath(posixpath.join("nbs", link[2]))


def as_shown(path: Path) -> nbformat.NotebookNode:
    "A notebook without hidden cells and nbdev's directives."
    nb = nbformat.read(path, as_version=4)
    nb.cells = [cell for cell in nb.cells if not HIDDEN.search(cell.source)]
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.source = DIRECTIVE.sub("", cell.source)
    return nb


def readme() -> dict[str, bytes]:
    "README.md and the images that its cells drew: content by path."
    nb = as_shown(ROOT / "nbs/index.ipynb")
    nb.metadata.language_info = {"name": "python"}  # nbdev_clean removes it; the code fences need it
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            cell.source = LINK.sub(from_root, cell.source)
    text, resources = MarkdownExporter(config=CONFIG).from_notebook_node(nb)
    text = re.sub(r"^ +$", "", STYLE.sub("", text), flags=re.M)
    text = re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
    return {"README.md": (NOTE + text).encode(), **resources["outputs"]}


if __name__ == "__main__":
    for name, content in readme().items():
        (ROOT / name).parent.mkdir(exist_ok=True)
        (ROOT / name).write_bytes(content)
