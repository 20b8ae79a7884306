"Describes the package to setuptools, from what settings.ini says."
import json
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

config = ConfigParser(delimiters=["="])
config.read("settings.ini", encoding="utf-8")
cfg = config["DEFAULT"]

PYTHONS = ["3.11", "3.12", "3.13"]  # from min_python on
STATUSES = ["", "1 - Planning", "2 - Pre-Alpha", "3 - Alpha", "4 - Beta", "5 - Production/Stable"]


def lines(key: str) -> list[str]:
    "The non-empty lines of a setting that holds one item per line."
    return [line.strip() for line in cfg[key].splitlines() if line.strip()]


class WithFigures(build_py):
    "Takes the figure notebooks into the package, without their outputs: `sae-probes figures` runs them."

    def run(self) -> None:
        super().run()
        if self.editable_mode:  # they are read where they are edited
            return
        into = Path(self.build_lib, cfg["lib_path"], "data", "figures")
        into.mkdir(parents=True, exist_ok=True)
        for path in Path("nbs/figures").glob("[0-9]*.ipynb"):
            notebook = json.loads(path.read_text(encoding="utf-8"))
            for cell in notebook["cells"]:
                if cell["cell_type"] == "code":
                    cell["outputs"] = []
            (into / path.name).write_text(json.dumps(notebook), encoding="utf-8")


setup(
    cmdclass={"build_py": WithFigures},
    name=cfg["repo"],
    version=cfg["version"],
    description=cfg["description"],
    long_description=Path("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author=cfg["author"],
    license_expression=cfg["license"].upper(),
    license_files=["LICENSE", "NOTICE"],
    keywords=cfg["keywords"].split(),
    classifiers=[
        f"Development Status :: {STATUSES[cfg.getint('status')]}",
        f"Intended Audience :: {cfg['audience']}",
        f"Natural Language :: {cfg['language']}",
        "Programming Language :: Python :: 3",
        *(f"Programming Language :: Python :: {version}" for version in PYTHONS),
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
    python_requires=f">={cfg['min_python']}",
    packages=find_packages(include=[cfg["lib_path"], f"{cfg['lib_path']}.*"],
                           exclude=[f"{cfg['lib_path']}.benchmarks*"]),  # for this repository's benchmarks only
    package_data={cfg["lib_path"]: lines("package_data")},
    install_requires=lines("requirements"),
    extras_require={"dev": lines("dev_requirements"), "docs": lines("docs_requirements")},
    entry_points={
        "console_scripts": lines("console_scripts"),
        "nbdev": [f"{cfg['lib_path']}={cfg['lib_path']}._modidx:d"],
    },
    zip_safe=False,
)
