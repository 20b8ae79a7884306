"""Lints, checks that generated files are in sync, then runs every notebook: `make test`.

Cells flagged `#| slow` are left out unless --slow is given; so is a whole notebook whose first code cell is flagged.
Notebooks flagged `#| benchmark` there are never run: `make benchmark` runs them.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import nbformat
from house import breaches
from nbdev.doclinks import nbglob
from readme import readme

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "sae_probes"
TIMEOUT = 3600  # seconds a notebook may take
FLAG = re.compile(r"^#\|\s*(slow|benchmark)\b", re.M)
RUN = """
import sys
from pathlib import Path
from nbdev.test import test_nb
root, notebook, *skip_flags = sys.argv[1:]
passed, seconds = test_nb(Path(notebook), skip_flags=skip_flags, basepath=root)
sys.exit(not passed)
"""


def contents(folder: Path, pattern: str) -> dict[str, bytes]:
    "What the files under a folder that match a pattern hold, by their path in it."
    files = (p for p in folder.rglob(pattern) if ".ipynb_checkpoints" not in p.parts)
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


def changed(now: dict[str, bytes], wanted: dict[str, bytes]) -> list[str]:
    "The names whose contents differ, or that only one side has."
    return sorted(name for name in {*now, *wanted} if now.get(name) != wanted.get(name))


def after(command: str, folder: str, pattern: str) -> list[str]:
    "The files of a folder that an nbdev command would change, found in a copy of the project."
    with tempfile.TemporaryDirectory() as tmp:
        copy = Path(tmp)
        shutil.copy(ROOT / "settings.ini", copy)
        shutil.copytree(ROOT / "nbs", copy / "nbs", ignore=shutil.ignore_patterns(".*"))
        (copy / PACKAGE).mkdir()
        shutil.copy(ROOT / PACKAGE / "__init__.py", copy / PACKAGE)
        subprocess.run([Path(sys.executable).with_name(command)], cwd=copy, check=True)
        return changed(contents(ROOT / folder, pattern), contents(copy / folder, pattern))


def stale_readme() -> list[str]:
    "The files that `make readme` would change."
    wanted = readme()
    return changed({name: (ROOT / name).read_bytes() for name in wanted if (ROOT / name).exists()}, wanted)


def lint() -> list[str]:
    "What ruff says of the library and the tools."
    command = [sys.executable, "-m", "ruff", "check", "--output-format", "concise", PACKAGE, "tools"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return (done.stdout + done.stderr).splitlines() if done.returncode else []


def house() -> list[str]:
    "Breaches of the house rules."
    return [f"{rule}: {place}" for rule, places in breaches(ROOT).items() for place in places]


CHECKS = {
    "sae_probes/ is what the notebooks export (else: make export)": partial(after, "nbdev_export", PACKAGE, "*.py"),
    "notebooks are clean (else: make export)": partial(after, "nbdev_clean", "nbs", "*.ipynb"),
    "README.md is what nbs/index.ipynb says (else: make readme)": stale_readme,
    "ruff finds nothing (else: make lint)": lint,
    "types and house rules hold (else: make lint)": house,
}


def run_check(name: str) -> str:
    "Run one of the checks and report it."
    try:
        problem = ", ".join(CHECKS[name]())
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
    print(f"FAILED  {name}\n        {problem}" if problem else f"ok      {name}", flush=True)
    return "failed" if problem else "passed"


def flagged_cells(path: Path, skip: list[str]) -> tuple[int, str]:
    "How many code cells of a notebook have a flag in `skip`, and the flag of the first cell, if it has one."
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    flags = [m[1] if (m := FLAG.search(c.source)) and m[1] in skip else "" for c in cells]
    return sum(map(bool, flags)), "".join(flags[:1])


def run_notebook(path: Path, slow: bool, env: dict) -> str:
    "Run a notebook in a process of its own, with nbdev's test runner, and report it."
    name, start = path.relative_to(ROOT), time.monotonic()
    skip = ["benchmark"] if slow else ["slow", "benchmark"]
    left_out, whole = flagged_cells(path, skip)
    if whole:
        print(f"skipped {name} ({whole})", flush=True)
        return "skipped"
    command = [sys.executable, "-c", RUN, ROOT, path, *skip]
    try:
        done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=TIMEOUT, text=True, errors="replace")
        failed, log = done.returncode != 0, done.stdout
        if done.returncode < 0:
            log += f"killed by signal {-done.returncode}\n"
    except subprocess.TimeoutExpired as late:
        failed, log = True, f"{(late.stdout or b'').decode(errors='replace')}\nstill running after {TIMEOUT} s\n"
    note = f", cells left out: {left_out}" if left_out else ""
    print(f"{log if failed else ''}{'FAILED ' if failed else 'ok     '} {name} "
          f"({time.monotonic() - start:.0f} s{note})", flush=True)
    return "failed" if failed else "passed"


def find_notebooks(names: list[str]) -> list[Path]:
    """The notebooks with these paths (beginnings of paths in nbs/ do) or titles; all, if there are no names.

    `SystemExit` where there is none.
    """
    folder = ROOT/"nbs"
    every = [p.resolve() for p in sorted(nbglob(folder, as_path=True))]
    fits = lambda p, name: (p == Path(name).resolve() or p.relative_to(folder).as_posix().startswith(name)
                            or p.stem.partition("_")[2] == name or p.stem == name)
    chosen = [p for p in every if not names or any(fits(p, name) for name in names)]
    if not chosen: sys.exit(f"no notebook is called {', '.join(names)}.")
    return chosen


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", help="only these, by path or title, and no checks (default: all)")
    parser.add_argument("--slow", action="store_true", help="run slow cells and notebooks too")
    parser.add_argument("--sync-only", action="store_true", help="run no notebook")
    parser.add_argument("--workers", type=int, default=min(4, os.cpu_count() or 1), help="notebooks run at a time")
    args = parser.parse_args()

    notebooks = find_notebooks(args.notebooks)
    outcomes = Counter(run_check(name) for name in CHECKS if not args.notebooks)
    os.chdir(ROOT)
    if outcomes["failed"]:
        outcomes["skipped"] += 0 if args.sync_only else len(notebooks)
    elif not args.sync_only:
        threads = str(max(1, (os.cpu_count() or 1) // args.workers))
        env = {**os.environ, "HF_HUB_OFFLINE": "1", "MPLBACKEND": "agg", "OMP_NUM_THREADS": threads}
        with ThreadPoolExecutor(args.workers) as pool:
            outcomes.update(pool.map(partial(run_notebook, slow=args.slow, env=env), notebooks))
    skipped = f", {outcomes['skipped']} skipped" if outcomes["skipped"] else ""
    print(f"{outcomes['passed']} passed, {outcomes['failed']} failed{skipped}")
    return 1 if outcomes["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
