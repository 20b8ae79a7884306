"MkDocs hooks: a site with the layout of the repository, without copies of its files in docs/."
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files
from readme import as_shown

ROOT = Path(__file__).resolve().parents[1]
SECTIONS = {"Library": "nbs/[0-9]*.ipynb", "Tutorials": "nbs/tutorials/[!_.]*.ipynb",
            "Studies": "nbs/studies/[!_.]*.ipynb", "Figures": "nbs/figures/[0-9]*.ipynb",
            "Guarantees": "nbs/guarantees/[!_.]*.ipynb",
            "Benchmarks": "nbs/benchmarks/[!_.]*.ipynb"}
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md"]
MEDIA = ["figures/*.png", "LICENSE", "NOTICE", "CITATION.cff"]
SHOWN = TemporaryDirectory()  # the notebooks as the site shows them, until the process ends
LINK = re.compile(r'(href="(?!\w+:)[^"#]+)\.(?:ipynb|md)(?=["#])')


def paths(pattern: str) -> list[str]:
    "The files of the repository that match a pattern, sorted, relative to its root."
    return sorted(p.relative_to(ROOT).as_posix() for p in ROOT.glob(pattern))


def rooms() -> list[str]:
    "The library's modules in the order of their notebooks: 07_probes is sae_probes.probes."
    names = [Path(name).stem.partition("_")[2] for name in paths(SECTIONS["Library"])]
    return [name for name in names if (ROOT / "sae_probes" / f"{name}.py").exists()]


def on_config(config):
    "List the notebooks in the navigation, and leave out pages that are not there."
    for entry in config.nav:
        for title, pattern in SECTIONS.items():
            if title in entry:
                entry[title] = paths(pattern)
    missing = lambda page: isinstance(page, str) and page.startswith("docs/") and not (ROOT / page).exists()
    config.nav = [entry for entry in config.nav if all(v and not missing(v) for v in entry.values())]
    return config


@event_priority(100)  # before mkdocs-jupyter, which looks for notebooks among the files
def on_files(files, config):
    "Put the pages and images where the repository has them."
    theme = [f for f in files if f.src_dir != config.docs_dir]
    notebooks = [name for pattern in SECTIONS.values() for name in paths(pattern)]
    others = [name for pattern in [*PAGES, *MEDIA] for name in paths(pattern)]
    for name in notebooks:
        shown = Path(SHOWN.name, name)
        shown.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(as_shown(ROOT / name), shown)
    ours = [File(name, str(folder), config.site_dir, config.use_directory_urls)
            for folder, names in [(SHOWN.name, notebooks), (ROOT, others)] for name in names]
    api = "# API\n\n" + "".join(f"::: sae_probes.{name}\n\n" for name in rooms())
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("LICENSE", "NOTICE")]
    licence = "# Licence\n\n" + "".join(f"```text\n{text}```\n\n" for text in texts)
    pages = [File.generated(config, "api.md", content=api), File.generated(config, "LICENSE.md", content=licence)]
    return Files([*theme, *ours, *pages])


def on_page_content(html, page, config, files):
    "Turn a notebook's links to pages into links to what they became; MkDocs does so in Markdown pages only."
    return LINK.sub(r"\1.html", html) if page.file.src_uri.endswith(".ipynb") else html
