"""Print what pyproject.toml asks for, one requirement per line: the runtime's, and those of the extras named.

`scripts/requirements.py build dev` follows extras that name other extras of this project.
"""

import re
import sys
import tomllib
from pathlib import Path


def requirements(project: dict, extras: list[str]) -> list[str]:
    """The runtime's requirements and those of the extras, each once and in order of appearance."""
    found = list(project["dependencies"])
    waiting = list(extras)
    while waiting:
        for line in project["optional-dependencies"][waiting.pop(0)]:
            own = re.fullmatch(rf"{project['name']}\[([\w,]+)\]", line)
            if own:
                waiting.extend(own[1].split(","))
            else:
                found.append(line)
    return list(dict.fromkeys(found))


if __name__ == "__main__":
    pyproject = Path(__file__).resolve().parent.parent / "pyproject.toml"
    print("\n".join(requirements(tomllib.loads(pyproject.read_text())["project"], sys.argv[1:])))
