"""The authenticity checks: how often each is wrong about a genuine picture, and how many of each kind of forgery they catch.

Genuine are drawn cards with real portraits, photographed at three levels, scaled, and compressed once at quality 70 to 95, and
public specimens. Forged are such pictures after one attack, saved again at 85 to 96 or without loss. Thresholds were set on
seeds below 1000 and on the files at odd places of the folders; everything here is the other half.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections import defaultdict
from pathlib import Path

from common import BIN, Figure, Report, Settings, Unmeasurable, median, note, shared_data

KINDS = ("aadhaar", "aadhaar_back", "pan", "passport", "driving_license", "voter_id")
LEVELS = (0, 1, 2)
ATTACKS = ("recapture", "gray_copy", "portrait_splice", "text_overwrite", "digit_edit", "copy_move", "resave", "screenshot")
CHECKS = ("no_screen_pattern", "in_colour", "camera_noise_present", "no_editing_software", "compressed_once", "compression_uniform", "noise_uniform",
          "text_uniform", "no_copied_text", "portrait_uniform", "layout_matches")
# Files of the public set that say themselves that an editor or no camera made them, or that have no colour, are no false alarms.
TRUE_OF_SPECIMENS = ("no_editing_software", "camera_noise_present", "in_colour", "compressed_once")
HELD_OUT = 1000


class Checks:
    """bench_authenticity: a line in, the findings of one picture out."""

    def __init__(self) -> None:
        program = BIN / "bench_authenticity"
        if not program.exists():
            raise Unmeasurable(f"{program} is not built: ./dev build release")
        data = shared_data()
        portraits = data / "face" / "id" / "deepface" if data else None
        if portraits is None or not portraits.is_dir():
            raise Unmeasurable("needs portraits (face/id/deepface in the folder that AUTHX_SHARED_DATA names)")
        self.documents: Path = portraits.parents[2] / "documents"
        self.process = subprocess.Popen([str(program), str(portraits)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=os.environ | {"OMP_THREAD_LIMIT": "1"})

    def ask(self, line: str) -> dict:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise Unmeasurable(f"bench_authenticity ended at: {line}")
        return json.loads(answer)

    def drawn(self, what: str, seeds: int, first: int = HELD_OUT) -> list[dict]:
        asked = (f"{what} {kind} {level} {first + seed}" for kind in KINDS for level in LEVELS for seed in range(seeds))
        return [a for a in map(self.ask, asked) if "skipped" not in a]

    def __enter__(self) -> Checks:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(60)


def failed(answer: dict, check: str) -> bool:
    return answer["findings"].get(check, ["not_checked"])[0] == "failed"


def asks_for_review(answer: dict) -> bool:
    return any(outcome == "failed" and weight != "note" for outcome, weight, _ in answer["findings"].values())


def measure(report: Report, settings: Settings) -> None:
    """Twice: with the values' and the portrait's places from the truth, which is the checks' own merit, and through the reader, which has to
    find them: what a server does."""
    runs = settings.runs
    with Checks() as checks:
        genuine = checks.drawn("genuine", 2 * runs)
        read = checks.drawn("read genuine", runs, HELD_OUT + 500)
        files = sorted(p for folder in ("mrz_real", "india_synth") for p in (checks.documents / folder).iterdir() if p.suffix in (".jpg", ".png"))
        public = [a for a in (checks.ask(f"file {p}") for p in files[1::2]) if "skipped" not in a]
        for check in CHECKS:
            of = genuine + read + ([] if check in TRUE_OF_SPECIMENS else public)
            asked = [a for a in of if a["findings"].get(check, ["not_checked"])[0] != "not_checked"]
            wrong = sum(failed(a, check) for a in of)
            report.add(Figure(f"forgery_{check}_false_alarm", wrong / len(of), f"of {len(of)}", aim="<= 0.02"))
            note(f"{check}: {wrong} of {len(of)} genuine pictures, {len(asked)} of which allow the check")
        for name, of in (("any_false_review", genuine), ("any_false_review_read", read)):
            report.add(Figure(f"forgery_{name}", sum(asks_for_review(a) for a in of) / len(of), f"of {len(of)}"))
        for attack in ATTACKS:
            for how, forged in (("", checks.drawn(attack, max(1, runs // 2))), ("_read", checks.drawn(f"read {attack}", max(1, runs // 3), HELD_OUT + 500))):
                noticed = (lambda a: failed(a, "compressed_once")) if attack == "resave" else asks_for_review
                by_check: dict[str, int] = defaultdict(int)
                for a in forged:
                    for check in CHECKS:
                        by_check[check] += failed(a, check)
                report.add(Figure(f"forgery_{attack}_caught{how}", sum(map(noticed, forged)) / len(forged), f"of {len(forged)}"))
                if attack == "resave":  # forwarding a genuine picture is no forgery: a note, and no review
                    report.add(Figure(f"forgery_resave_false_review{how}", sum(map(asks_for_review, forged)) / len(forged), f"of {len(forged)}"))
                elif how:  # what nobody would look at
                    report.add(Figure(f"forgery_{attack}_accepted", sum(not asks_for_review(a) for a in forged) / len(forged), f"of {len(forged)}"))
                note(f"{attack}{how}: " + ", ".join(f"{check} {n} of {len(forged)}" for check, n in by_check.items() if n))
        read_passports = [checks.ask(f"read_genuine passport {level} {HELD_OUT + seed}") for level in LEVELS for seed in range(runs)]
        changed = [checks.ask(f"read_changed passport {level} {HELD_OUT + seed}") for level in LEVELS for seed in range(runs)]
        report.add(Figure("forgery_birth_agrees_false_alarm", sum(failed(a, "birth_agrees") for a in read_passports) / len(read_passports),
                          f"of {len(read_passports)}", aim="<= 0.02"))
        report.add(Figure("forgery_changed_field_caught", sum(failed(a, "birth_agrees") for a in changed) / len(changed), f"of {len(changed)}"))
        report.add(Figure("forgery_checks_ms", median(a["ms"] for a in genuine), "ms CPU", aim="<= 40 at 1400 px"))


def run(report: Report, settings: Settings) -> None:
    if settings.wants("forgery"):
        report.measure("forgery", lambda: measure(report, settings))
