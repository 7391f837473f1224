"""Measures AuthX against baselines on this machine; docs/performance.md says what each figure is."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import auth  # noqa: E402
import biometrics  # noqa: E402
import documents  # noqa: E402
import face  # noqa: E402
import server  # noqa: E402
from common import CORES, HEADING, Report, Settings  # noqa: E402

GROUPS = {"server": server.run, "documents": documents.run, "face": face.run, "biometrics": biometrics.run, "auth": auth.run}


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"{', '.join(GROUPS)} (default: all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    parser.add_argument("--runs", type=int, default=5, help="rounds of each figure; the median is given (default: 5)")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of one load run (default: 3)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only measurements whose name contains TEXT")
    options = parser.parse_args()
    if unknown := set(options.groups) - GROUPS.keys():
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    if options.runs < 1:
        parser.error("--runs must be at least 1")
    if options.runs < 5:
        print("fewer than 5 runs: these figures are for a quick look only", file=sys.stderr)
    report = Report()
    settings = Settings(options.runs, options.seconds, options.only)
    print(f"{platform.machine()}, {CORES} cores, median of {settings.runs} runs\n{HEADING}", flush=True)
    for name in options.groups or GROUPS:
        GROUPS[name](report, settings)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        document = {"figures": [{"name": f.name, "value": f.value, "unit": f.unit, "baseline": f.baseline, "ratio": f.ratio} for f in report.figures]}
        options.json.write_text(json.dumps(document, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
