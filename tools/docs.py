"MkDocs hooks: a site with the layout of the repository, without copies of its files in docs/."
import ast
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files
from readme import as_shown

from sae_probes.report import report

ROOT = Path(__file__).resolve().parents[1]
SECTIONS = {"Library notebooks": "nbs/[0-9]*.ipynb", "Tutorials": "nbs/tutorials/[!_.]*.ipynb",
            "Notebooks of studies": "nbs/studies/[!_.]*.ipynb", "Notebooks": "nbs/figures/[0-9]*.ipynb",
            "Tried by": "nbs/guarantees/[!_.]*.ipynb", "Benchmarks": "nbs/benchmarks/[!_.]*.ipynb"}
GUIDES = "nbs/guides/[!_.]*.ipynb"
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md"]
MEDIA = ["figures/*.png", "figures/*/*.png", "docs/*.css", "LICENSE", "NOTICE", "CITATION.cff"]
DRAWN = "figures/smollm2-135m"  # the pictures of the gallery
BOOST = {"nbs/guides": 5, "reference": 0.2}  # how a search weighs pages
SHOWN = TemporaryDirectory()  # the notebooks as the site shows them, until the process ends
LINK = re.compile(r'(href="(?!\w+:)[^"#]+)\.(?:ipynb|md)(?=["#])')


def paths(pattern: str) -> list[str]:
    "The files of the repository that match a pattern, sorted, relative to its root."
    return sorted(p.relative_to(ROOT).as_posix() for p in ROOT.glob(pattern))


def room(notebook: str) -> str:
    "The module that a notebook of the library exports: 07_probes is sae_probes.probes."
    return Path(notebook).stem.partition("_")[2]


def rooms() -> list[str]:
    "The library's modules in the order of their notebooks."
    return [r for r in map(room, paths(SECTIONS["Library notebooks"])) if (ROOT / f"sae_probes/{r}.py").exists()]


def filled(entry):
    "An entry of the navigation with its empty lists filled in."
    if not isinstance(entry, dict):
        return entry
    [(title, inside)] = entry.items()
    if title in SECTIONS:
        return {title: paths(SECTIONS[title])}
    if title == "By module":
        return {title: [{r: f"reference/{r}.md"} for r in rooms()]}
    return {title: [*map(filled, inside)] if isinstance(inside, list) else inside}


def on_config(config):
    "List notebooks and modules in the navigation."
    config.nav = [*map(filled, config.nav)]
    return config


def only_imports(cell) -> bool:
    "Whether a cell does nothing but import: a reader of the site can do without."
    try:
        nodes = ast.parse(cell.source).body if cell.cell_type == "code" else []
    except SyntaxError:
        return False
    return bool(nodes) and all(isinstance(n, (ast.Import, ast.ImportFrom)) for n in nodes)


def offers(module: str) -> list[str]:
    "The public functions and classes of a module."
    tree = ast.parse((ROOT / f"sae_probes/{module}.py").read_text(encoding="utf-8"))
    named = (n.name for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef)))
    return [name for name in named if not name.startswith("_")]


def for_site(name: str) -> nbformat.NotebookNode:
    "A notebook as the site shows it: of a library notebook, first what it offers."
    nb = as_shown(ROOT / name)
    nb.cells = [c for c in nb.cells if not only_imports(c)]
    if name in paths(SECTIONS["Library notebooks"]) and room(name) in rooms():
        links = [f"[`{o}`](../reference/{room(name)}.md#sae_probes.{room(name)}.{o})" for o in offers(room(name))]
        if links:
            nb.cells.insert(1, nbformat.v4.new_markdown_cell("Public names: " + ", ".join(links) + "."))
    return nb


def gallery() -> str:
    "A page of all figures, each with its title and caption, that leads to its notebook."
    cards = []
    for name in paths(SECTIONS["Notebooks"]):
        head = nbformat.read(ROOT / name, as_version=4).cells[0].source.split("\n\n")
        picture = f"{DRAWN}/{Path(name).stem}.png"
        if (ROOT / picture).exists():
            title, caption = head[0].lstrip("# "), head[1].lstrip("> ")
            cards.append(f'<figure markdown>\n[![{title}]({picture})]({name})\n\n**[{title}]({name})**\n\n{caption}\n'
                         "</figure>\n")
    return ("# Figures\n\nDrawn from the results of the embedded SAEs in `results/`; `sae-probes figures` draws them "
            f'from yours.\n\n<div class="gallery" markdown>\n\n{"".join(cards)}\n</div>\n')


def reference(module: str) -> str:
    "The page of a module."
    return f"# {module}\n\n::: sae_probes.{module}\n    options:\n      heading_level: 2\n"


@event_priority(100)  # before mkdocs-jupyter, which looks for notebooks among the files
def on_files(files, config):
    "Put the pages and images where the repository has them."
    theme = [f for f in files if f.src_dir != config.docs_dir]
    notebooks = [name for pattern in [*SECTIONS.values(), GUIDES] for name in paths(pattern)]
    others = [name for pattern in [*PAGES, *MEDIA] for name in paths(pattern)]
    for name in notebooks:
        shown = Path(SHOWN.name, name)
        shown.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(for_site(name), shown)
    ours = [File(name, str(folder), config.site_dir, config.use_directory_urls)
            for folder, names in [(SHOWN.name, notebooks), (ROOT, others)] for name in names]
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("LICENSE", "NOTICE")]
    licence = "# Licence\n\n" + "".join(f"```text\n{text}```\n\n" for text in texts)
    page = report(ROOT / "results", Path(SHOWN.name, "report.html"))
    ours.append(File(page.name, SHOWN.name, config.site_dir, config.use_directory_urls))
    made = {"LICENSE.md": licence, "gallery.md": gallery()} | {f"reference/{r}.md": reference(r) for r in rooms()}
    return Files([*theme, *ours, *(File.generated(config, name, content=text) for name, text in made.items())])


def on_page_content(html, page, config, files):
    """Have guides found before the pages of modules. Turn a notebook's links to pages into links to what they became;
    MkDocs does so in Markdown pages only.
    """
    folder = page.file.src_uri.rpartition("/")[0]
    if folder in BOOST:
        page.meta["search"] = {"boost": BOOST[folder]}
    return LINK.sub(r"\1.html", html) if page.file.src_uri.endswith(".ipynb") else html
