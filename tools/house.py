"""Measures what the house rules are about, on this checkout or another: `python tools/house.py [PATH] [--before PATH]`.

Exits with 1 where a rule is broken. With --before it prints a second column for another checkout, and only reports.
"""
from __future__ import annotations

import argparse
import ast
import json
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINE, CELL, OUTPUT = 120, 30, 200_000  # characters of a line, lines of an exported cell, bytes of an output
EXPORT = re.compile(r"^#\|\s*export", re.M)
MACHINE = re.compile(r"(?<![\w.:/])/(?:home|root|Users|tmp|work|mnt)/\w")


@dataclass(frozen=True)
class Cell:
    "A code cell, and where it stands."
    place: str
    source: str
    outputs: list[dict]

    @property
    def exported(self) -> bool: return bool(EXPORT.search(self.source))

    @property
    def lines(self) -> list[str]: return self.source.splitlines()


def cells(root: Path) -> list[Cell]:
    "All code cells of a checkout's notebooks."
    found = []
    for path in sorted((root/"nbs").rglob("*.ipynb")):
        if ".ipynb_checkpoints" in path.parts: continue
        name = path.relative_to(root).as_posix()
        for i, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
            if cell["cell_type"] != "code": continue
            found.append(Cell(f"{name} cell {i}", "".join(cell["source"]), cell["outputs"]))
    return found


def modules(root: Path) -> dict[str, ast.Module]:
    "The library's modules by their dotted name."
    paths = (p for p in sorted((root/"sae_probes").rglob("*.py")) if p.name != "_modidx.py")
    return {p.relative_to(root).with_suffix("").as_posix().replace("/", "."): ast.parse(p.read_text(encoding="utf-8"))
            for p in paths}


def function_lengths(root: Path) -> list[int]:
    "Lines of every function of the library, decorators and docstring among them."
    return [node.end_lineno - min([node.lineno, *(d.lineno for d in node.decorator_list)]) + 1
            for tree in modules(root).values() for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno]


def private_imports(root: Path) -> Iterator[str]:
    "Names that begin with an underscore and are imported from another module of the library."
    for name, tree in modules(root).items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.ImportFrom): continue
            if not node.level and not (node.module or "").startswith("sae_probes"): continue
            yield from (f"{name}: {a.name} of {node.module}" for a in node.names
                        if a.name.startswith("_") and not a.name.startswith("__"))


def type_errors(root: Path) -> list[str]:
    "What mypy says of the library."
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT/"pyproject.toml"), "sae_probes"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    if done.returncode not in (0, 1): raise RuntimeError(done.stderr or done.stdout)
    return [line for line in done.stdout.splitlines() if ": error:" in line]


def output_size(cell: Cell) -> int:
    "Bytes of a cell's largest output."
    return max((len(json.dumps(o)) for o in cell.outputs), default=0)


def texts(cell: Cell) -> Iterator[str]:
    "What a cell printed, as plain text."
    for out in cell.outputs:
        yield "".join(out.get("text", [])) or "".join(out.get("data", {}).get("text/plain", []))


def breaches(root: Path) -> dict[str, list[str]]:
    "What breaks each rule, by the rule."
    all_cells = cells(root)
    exported = [c for c in all_cells if c.exported]
    long = lambda some: [f"{c.place}: {len(line)}" for c in some for line in c.lines if len(line) > LINE]
    large = [f"{c.place}: {output_size(c):,}" for c in all_cells if output_size(c) > OUTPUT]
    return {
        f"exported lines over {LINE} characters": long(exported),
        f"other code lines over {LINE} characters": long(c for c in all_cells if not c.exported),
        f"exported cells over {CELL} lines": [f"{c.place}: {len(c.lines)}" for c in exported if len(c.lines) > CELL],
        "type errors (mypy)": type_errors(root),
        "private names of other modules": list(private_imports(root)),
        f"outputs over {OUTPUT:,} bytes": large,
        "outputs with a path of a machine": [c.place for c in all_cells if any(map(MACHINE.search, texts(c)))],
    }


def facts(root: Path) -> dict[str, object]:
    "Sizes that no rule bounds, to be read beside those of another checkout."
    exported, lengths = [c for c in cells(root) if c.exported], sorted(function_lengths(root))
    lines = [len(line) for c in exported for line in c.lines]
    return {"exported lines": len(lines), "longest exported line": max(lines), "exported cells": len(exported),
            "longest exported cell": max(len(c.lines) for c in exported), "functions": len(lengths),
            "lines of a function: median": statistics.median(lengths),
            "lines of a function: 90 % have at most": lengths[int(0.9 * len(lengths))],
            "lines of a function: longest": lengths[-1]}


def report(roots: dict[str, Path]) -> dict[str, list[str]]:
    "Print the table, one column per checkout; the breaches of the last one."
    found = {name: breaches(root) for name, root in roots.items()}
    sizes = {name: facts(root) for name, root in roots.items()}
    print(" " * 42, *(f"{name:>10s}" for name in roots))
    for rule in next(iter(found.values())): print(f"{rule:42s}", *(f"{len(found[n][rule]):10d}" for n in roots))
    for fact in next(iter(sizes.values())): print(f"{fact:42s}", *(f"{sizes[n][fact]!s:>10s}" for n in roots))
    return found["now"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", nargs="?", type=Path, default=ROOT, help="the checkout (default: this one)")
    parser.add_argument("--before", type=Path, help="another checkout, for a column beside it")
    args = parser.parse_args()
    now = report(({"before": args.before.resolve()} if args.before else {}) | {"now": args.path.resolve()})
    for rule, places in now.items():
        for place in places: print(f"{rule}: {place}")
    return int(any(now.values()) and not args.before)


if __name__ == "__main__":
    sys.exit(main())
