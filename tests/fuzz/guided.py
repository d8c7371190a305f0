"""One reader under Atheris, which goes where new code is reached: a process of its own, ended by its own count.

    python -m tests.fuzz.guided TARGET CORPUS -runs=100000

Inputs that reach something new stay in the folder CORPUS. Exit code 0: the law held; else the input is in the file
that the last lines name.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["gateway"], enable_loader_override=False):
    from tests.fuzz.targets import TARGETS, judge


def main() -> None:
    """Run until the count is reached or the law is broken; never returns."""
    name, *options = sys.argv[1:]
    target = TARGETS[name]
    atheris.Setup([sys.argv[0], *options], lambda data: judge(target, data) and None)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
