"""Does a test fail when the code is wrong? `python tools/mutants.py [--only 07] [--list]` finds out, edit by edit.

Each mutant is one small edit of an exported cell. It is made in a copy of the project, where the module is exported
anew and the notebook's fast cells run, then those of the notebooks in `also`, until one fails: the mutant is caught,
else it has survived. Before that, each of these notebooks must pass as it is. A whole run writes docs/mutants.md.
"""
from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from house import EXPORT

ROOT = Path(__file__).resolve().parents[1]
TIMEOUT = 300  # seconds a notebook may take
ERROR = re.compile(r"^\w*(?:Error|Exception)\b.*", re.M)
RUN = """
import importlib.util, sys
from pathlib import Path
from nbdev.export import nb_export
from nbdev.test import test_nb
root, notebook, exports = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
for path in exports: nb_export(path, lib_path=root/"sae_probes")
found = Path(importlib.util.find_spec("sae_probes").origin).resolve()
if not found.is_relative_to(root): sys.exit(f"sae_probes is imported from {found}, not from the copy")
passed, seconds = test_nb(notebook, skip_flags=["slow", "benchmark"], basepath=root)
sys.exit(0 if passed else 3)
"""


@dataclass(frozen=True)
class Mutant:
    "Text `old`, found once in the exported cells of a notebook, becomes `new`. `note`: why it survives, if it does."
    notebook: str
    old: str
    new: str
    also: tuple[str, ...] = ()
    note: str = ""

    @property
    def edit(self) -> str: return f"{self.old} → {self.new}"


@dataclass(frozen=True)
class Outcome:
    "What became of a mutant: the notebook that caught it, or none; the error there."
    mutant: Mutant
    caught_by: str
    said: str
    seconds: float


SETTINGS, DATASETS, MODELS = "00_settings", "02_datasets", "03_models"
ACTIVATIONS, SOLVER, PROBES = "05_activations", "06_solver", "07_probes"
EVALS, RESULTS, STATS = "08_evals", "09_results", "10_stats"

MUTANTS = (
    Mutant(SETTINGS, "MIN_TEST = 5000, 1024, 100", "MIN_TEST = 5000, 1024, 50", (DATASETS,)),
    Mutant(SETTINGS, "KS_CONDITIONS = (16, 128)", "KS_CONDITIONS = (16, 64)", (DATASETS,)),
    Mutant(SETTINGS, "np.logspace(1, 10, num=20, base=2)", "np.logspace(1, 10, num=19, base=2)", (DATASETS,)),
    Mutant(SETTINGS, "np.linspace(0.05, 0.95, num=19)", "np.linspace(0.05, 0.9, num=19)", (DATASETS,)),
    Mutant(SETTINGS, "int(index or 0) >= torch.cuda", "int(index or 0) > torch.cuda",
           note="equivalent where there is no GPU, which is wherever these notebooks run as tests."),
    Mutant(SETTINGS, '("cuda", "mps", "cpu") if there[d]', '("mps", "cuda", "cpu") if there[d]',
           note="equivalent on every machine, as none has both cuda and mps; mocks of both would hold the order."),
    Mutant(SETTINGS, "if item.name in self: raise", "if item in self: raise"),

    Mutant(DATASETS, "<= 1 else 2 * int(counts.min())", "<= 0 else 2 * int(counts.min())"),
    Mutant(DATASETS, "MAX_ROWS) - num_train - 1", "MAX_ROWS) - num_train"),
    Mutant(DATASETS, "if 2 <= num_train <= room", "if 1 <= num_train <= room"),
    Mutant(DATASETS, "int(np.ceil(pos_ratio * n))", "int(np.floor(pos_ratio * n))"),
    Mutant(DATASETS, "num_train >= MIN_IMBALANCED else", "num_train > MIN_IMBALANCED else"),
    Mutant(DATASETS, "rows = rows[:MAX_ROWS]", "rows = rows[-MAX_ROWS:]"),
    Mutant(DATASETS, "near = jaccard >= threshold", "near = jaccard > threshold"),
    Mutant(DATASETS, "np.ceil(threshold * size - 1e-9)", "np.ceil(threshold * size)",
           note="equivalent for 0.8, where the product never rounds up over a whole number; for others (0.28 of 25) "
                "the other, smaller text asks for less and the pair is found, as far as texts of 2,000 shingles were "
                "counted through."),
    Mutant(DATASETS, "> labels.sum()  # an odd", ">= labels.sum()  # an odd"),
    Mutant(DATASETS, "num_test = max(MIN_TEST, total - num_train - 1)", "num_test = total - num_train - 1"),
    Mutant(DATASETS, "np.lexsort((np.bincount(X.indices)[X.indices], row))", "np.arange(X.nnz)",
           note="equivalent in what is found: any order of shingles that all texts share will do, and the rarest first "
                "is only faster; it takes a count of the candidates."),
    Mutant(DATASETS, "pairs.data[s].argmax()", "pairs.data[s].argmin()"),

    Mutant(MODELS, "left >= ALIKE * left[0]", "left > ALIKE * left[0]", (ACTIVATIONS,)),
    Mutant(MODELS, "int(m[1]) + 1 for m", "int(m[1]) + 2 for m", (ACTIVATIONS,)),
    Mutant(MODELS, 'truncation_side = "left"', 'truncation_side = "right"', (ACTIVATIONS,)),
    Mutant(MODELS, "sorted(module.state_dict().items())", "list(module.state_dict().items())", (ACTIVATIONS,)),

    Mutant(ACTIVATIONS, "np.argsort([i for mine in at.values() for i in mine])",
           "[i for mine in at.values() for i in mine]"),
    Mutant(ACTIVATIONS, "not in kept or kept.keys() - _KEPT:", "not in kept:"),
    Mutant(ACTIVATIONS, "(stored == wanted or is_whole(path))", "is_whole(path)",
           note="equivalent in numbers: each file is read whole where its header would do, which is slower."),
    Mutant(ACTIVATIONS, "(~acts.isfinite()).any(1)", "acts.isnan().any(1)"),

    Mutant(SOLVER, "TOLERANCE = 1e-4 ", "TOLERANCE = 1e-3 ", (PROBES,)),
    Mutant(SOLVER, "_SLACK = 0.99 ", "_SLACK = 0.9 ", (PROBES,)),
    Mutant(SOLVER, "(some**2).mean()) or 1.0", "(some**2).mean())", (PROBES,)),
    Mutant(SOLVER, "if excess <= 1: continue", "if excess <= 10: continue", (PROBES,)),
    Mutant(SOLVER, "_LIMIT, _WARM_LIMIT = 200, 25", "_LIMIT, _WARM_LIMIT = 200, 2", (PROBES,)),
    Mutant(SOLVER, "self.decision_function(X) > 0", "self.decision_function(X) >= 0", (PROBES,)),
    Mutant(SOLVER, "max_iter=1000, **how", "max_iter=100, **how", (PROBES,)),
    Mutant(SOLVER, "_LEAST_MU = 0.1 ", "_LEAST_MU = 0.0 ", (PROBES,)),
    Mutant(SOLVER, "diagonal += np.finfo(dtype).eps * diagonal.max()", "diagonal += 0", (PROBES,)),
    Mutant(SOLVER, "(1 - _DECREASE * t)**2 * before", "(1 - _DECREASE * t) * before", (PROBES,),
           note="equivalent in results: 0.5 % instead of 1 % of decrease is enough for a step, and the duality gap "
                "says when to stop; it takes a step whose decrease lies between."),
    Mutant(SOLVER, "if B == 1 and 2 * n > d:", "if B == 1 and n > d:", (PROBES,)),
    Mutant(SOLVER, "theta = np.minimum(theta, 1)", "theta = np.minimum(theta, 0.99)", (PROBES,)),

    Mutant(PROBES, "min(n // 5, 100)", "min(n // 4, 100)"),
    Mutant(PROBES, "PCA(min(*X_train.shape, 100)", "PCA(min(*X_train.shape, 50)"),
    Mutant(PROBES, "_draw_trees(seed: int, n: int = 10)", "_draw_trees(seed: int, n: int = 4)"),
    Mutant(PROBES, "if n <= 12 else StratifiedKFold", "if n < 12 else StratifiedKFold"),
    Mutant(PROBES, "if n >= 128:", "if n > 128:"),
    Mutant(PROBES, "(t != 0).sum(dim=0) + 1e-6)", "(t != 0).sum(dim=0) + 1)"),
    Mutant(PROBES, "= X_train != 0, X_test != 0", "= X_train > 0, X_test > 0"),
    Mutant(PROBES, "min(100, smallest)", "min(50, smallest)"),
    Mutant(PROBES, "span = min(len(X) - 1, X.shape[1])", "span = min(len(X), X.shape[1])"),
    Mutant(PROBES, "@ self.W).relu()).topk", "@ self.W)).topk"),
    Mutant(PROBES, "best = int(np.argmax(means))", "best = len(means) - 1 - int(np.argmax(means[::-1]))"),
    Mutant(PROBES, "descending=True).numpy()", "descending=True, stable=True).numpy()"),
    Mutant(PROBES, "shapes[rng.randint(9)]", "shapes[rng.randint(8)]"),

    Mutant(EVALS, "round(v, 2) if rounds", "round(v, 1) if rounds"),
    Mutant(EVALS, "if k <= d])", "if k < d])"),
    Mutant(EVALS, "ds.name.casefold() for ds", "ds.name for ds"),
    Mutant(EVALS, '"solver": run.options.solver, **prober.identity', "**prober.identity"),

    Mutant(RESULTS, "astype(float).round(6)", "astype(float).round(4)", (STATS,)),
    Mutant(RESULTS, 'row.get("split", "published")', 'row.get("split", "leak_free")', (STATS,)),
    Mutant(RESULTS, 'sorted(root.rglob("*_setting/*.json"))', 'list(root.rglob("*_setting/*.json"))', (STATS,)),
    Mutant(RESULTS, 'made_by.get("foreign", made_by.get("shifted", {}).get("foreign"))', 'made_by.get("foreign")',
           (STATS,)),
    Mutant(RESULTS, "c.is_null().to_numpy().tobytes()", 'b""', (STATS,)),
    Mutant(RESULTS, 'removeprefix("sae_probes_").removeprefix("baseline_results_")', 'removeprefix("sae_probes_")',
           (STATS,)),
    Mutant(RESULTS, 'sorted(root.glob("*.parquet"))', 'list(root.glob("*.parquet"))', (STATS,)),
    Mutant(RESULTS, "set(roles) & set(c.roles)]", "set(roles) <= set(c.roles)]", (STATS,)),

    Mutant(STATS, "np.round(differences, 12)", "np.asarray(differences)"),
    Mutant(STATS, "row.p < 1 - confidence", "row.p < 2 * (1 - confidence)"),
    Mutant(STATS, "-margin <= row.ci_low and row.ci_high <= margin", "row.ci_high <= margin"),
    Mutant(STATS, "_MIN_TASKS = 0.005, 6", "_MIN_TASKS = 0.005, 5"),
    Mutant(STATS, "np.select([d > margin,", "np.select([d >= margin,"),
    Mutant(STATS, "tail = (1 - confidence) / 2", "tail = (1 - confidence) / 4"),
    Mutant(STATS, "np.sort(np.asarray(values, float).reshape(len(values), -1), axis=1)",
           "np.asarray(values, float).reshape(len(values), -1)"),
    Mutant(STATS, "if row.tie_low <= 0 <= row.tie_high", "if row.tie_low < 0 < row.tie_high"),
    Mutant(STATS, "not (p in pool and q in base)", "not (p in pool or q in base)"),
    Mutant(STATS, "_TIE = 1e-9", "_TIE = 1e-3"),
    Mutant(STATS, "cells.groupby([*by, *seed], dropna", "cells.groupby([*by], dropna"),
    Mutant(STATS, 'sorted(table["draw"].dropna().unique())', 'list(table["draw"].dropna().unique())'),
    Mutant(STATS, "abs(row.difference) < margin)", "abs(row.difference) <= margin)"),
    Mutant(STATS, "[*names], keep=False)]", "[*names])]"),
)


def mutate(path: Path, mutant: Mutant) -> None:
    "Make the edit in a notebook file; `ValueError` where `old` is not there exactly once."
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = [c for c in notebook["cells"] if c["cell_type"] == "code" and EXPORT.search("".join(c["source"]))]
    count = sum("".join(c["source"]).count(mutant.old) for c in cells)
    if count != 1: raise ValueError(f"{mutant.notebook}: {mutant.old!r} is there {count} times, not once.")
    for cell in cells:
        cell["source"] = "".join(cell["source"]).replace(mutant.old, mutant.new).splitlines(keepends=True)
    path.write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")


@contextmanager
def copied() -> Iterator[Path]:
    "A copy of what notebooks need of the project."
    with tempfile.TemporaryDirectory(prefix="mutant_") as tmp:
        copy, junk = Path(tmp).resolve(), shutil.ignore_patterns(".*", "__pycache__")
        shutil.copy(ROOT/"settings.ini", copy)
        for folder in ("nbs", "sae_probes"): shutil.copytree(ROOT/folder, copy/folder, ignore=junk)
        (copy/"results").symlink_to(ROOT/"results")
        yield copy


def failure(copy: Path, notebook: str, export: bool) -> str:
    "Run a notebook's fast cells there, perhaps after its export; the error if it fails, or nothing."
    path = copy/"nbs"/f"{notebook}.ipynb"
    command = [sys.executable, "-c", RUN, str(copy), str(path), *([str(path)] if export else [])]
    env = {**os.environ, "PYTHONPATH": str(copy), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "MPLBACKEND": "agg"}
    try:
        done = subprocess.run(command, cwd=copy, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=TIMEOUT, text=True, errors="replace")
    except subprocess.TimeoutExpired: return f"still running after {TIMEOUT} s"
    if done.returncode == 0: return ""
    if done.returncode == 3: return (ERROR.findall(done.stdout) or ["an error"])[-1]
    raise RuntimeError(f"{notebook} could not be run:\n{done.stdout}")


def passes(notebook: str) -> bool:
    "Whether a notebook passes as it is."
    start = time.monotonic()
    with copied() as copy: said = failure(copy, notebook, export=True)
    print(f"{notebook} as it is: {said or 'passes'} ({time.monotonic() - start:.0f} s)", flush=True)
    return not said


def judge(mutant: Mutant) -> Outcome:
    "Run a mutant against its notebook and those in `also`, until one fails."
    start, said, by = time.monotonic(), "", ""
    with copied() as copy:
        mutate(copy/"nbs"/f"{mutant.notebook}.ipynb", mutant)
        for by in (mutant.notebook, *mutant.also):
            if said := failure(copy, by, export=by == mutant.notebook): break
    outcome = Outcome(mutant, by if said else "", said, time.monotonic() - start)
    verdict = f"caught by {by}: {said[:160]}" if said else "SURVIVED"
    print(f"{mutant.notebook}: {mutant.edit}\n    {verdict} ({outcome.seconds:.0f} s)", flush=True)
    return outcome


def report(outcomes: Sequence[Outcome]) -> str:
    "The page docs/mutants.md."
    code = lambda text: "`" + text.strip().replace("|", "\\|") + "`"
    caught = sum(bool(o.caught_by) for o in outcomes)
    rows = [f"| {o.mutant.notebook} | {code(o.mutant.old)} → {code(o.mutant.new)} | {o.caught_by or '**survived**'} |"
            for o in outcomes]
    left = [f"- {o.mutant.notebook}, {code(o.mutant.new)}: {o.mutant.note or 'not explained yet.'}"
            for o in outcomes if not o.caught_by]
    head = ["# Do tests fail when the code is wrong?", "",
            "Each row is one small edit of an exported cell, made in a copy of the project by "
            "`python tools/mutants.py`.",
            "Only fast cells ran, in the edited notebook and at most one that builds on it.", "",
            f"**{caught} of {len(outcomes)} were caught.**", "", "| notebook | edit | caught by |", "|---|---|---|"]
    return "\n".join([*head, *rows, *(["", "## Survivors", "", *left] if left else [])]) + "\n"


def check(chosen: Sequence[Mutant]) -> None:
    "Try each edit, without running anything."
    with tempfile.TemporaryDirectory() as tmp:
        for mutant in chosen: mutate(Path(shutil.copy(ROOT/"nbs"/f"{mutant.notebook}.ipynb", tmp)), mutant)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="mutants of notebooks whose names begin so; writes nothing")
    parser.add_argument("--list", action="store_true", help="only list the edits")
    args = parser.parse_args()
    chosen = [m for m in MUTANTS if m.notebook.startswith(args.only)]
    check(chosen)
    if args.list:
        print("\n".join(f"{m.notebook}: {m.edit}" for m in chosen))
        return
    with ThreadPoolExecutor(2) as pool:
        needed = sorted({name for m in chosen for name in (m.notebook, *m.also)})
        if not all([*pool.map(passes, needed)]): sys.exit("a notebook fails as it is: nothing can be said of mutants.")
        outcomes = list(pool.map(judge, chosen))
    if not args.only: (ROOT/"docs"/"mutants.md").write_text(report(outcomes), encoding="utf-8")
    print(f"{sum(bool(o.caught_by) for o in outcomes)} of {len(outcomes)} caught")


if __name__ == "__main__":
    main()
