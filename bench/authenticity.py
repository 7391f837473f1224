"""The checks of a document: how often each is wrong about a genuine one, and how many forgeries of each kind it catches.

Genuine are drawn cards with real portraits, photographed at three levels, scaled, and compressed once at quality 70 to 95; the same
saved again at 85 to 96, as when they are forwarded; and public specimens. Forged pictures are such pictures after one attack, saved again
or without loss; counterfeits are perfect pictures of cards that print one thing wrong; marked files are genuine pictures whose file says
what an editor writes. Thresholds were set on seeds below 1000 and on the files at odd places of the folders: everything here is the rest.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterable
from math import sqrt
from pathlib import Path

from common import BIN, Figure, Report, Settings, Unmeasurable, median, note, shared_data

KINDS = ("aadhaar", "aadhaar_back", "pan", "passport", "driving_license", "voter_id")
LEVELS = (0, 1, 2)
# What is forged in pixels, and the checks that look for it.
ATTACKS = {"recapture": ("no_screen_pattern",), "screenshot": ("camera_noise_present", "no_screen_pattern"), "gray_copy": ("in_colour",),
           "portrait_splice": ("portrait_uniform", "compression_uniform"),
           "text_overwrite": ("text_uniform", "noise_uniform", "compression_uniform", "no_copied_text"),
           "digit_edit": ("text_uniform", "noise_uniform", "compression_uniform", "no_copied_text"),
           "copy_move": ("no_copied_text", "compression_uniform", "text_uniform", "noise_uniform")}
# What is printed wrong, and the rules that it breaks.
COUNTERFEITS = {"check_digit": ("number_checksum", "mrz_document_number", "mrz_composite"),
                "zone_digit": ("mrz_document_number", "mrz_birth", "mrz_expiry", "mrz_composite"), "other_number": ("number_agrees",),
                "other_name": ("surname_agrees", "name_agrees"), "other_birth": ("birth_agrees",), "other_expiry": ("expiry_agrees",),
                "expired": ("not_expired",), "future_issue": ("issue_not_in_future",), "long_validity": ("validity_period_plausible",),
                "young_holder": ("age_at_issue_plausible", "number_year_fits"), "wrong_state": ("number_structure",),
                "wrong_office": ("number_office_known",), "wrong_year": ("number_year_fits",), "wrong_holder": ("number_holder_fits",),
                "specimen_number": ("not_a_specimen",), "moved_values": ("layout_matches", "number_structure", "number_checksum")}
COUNTERFEIT_OF = {"passport": ("check_digit", "zone_digit", "other_number", "other_name", "other_birth", "other_expiry", "expired", "future_issue",
                               "long_validity", "specimen_number", "moved_values"),
                  "driving_license": ("expired", "future_issue", "long_validity", "young_holder", "wrong_state", "wrong_office", "wrong_year",
                                      "moved_values"),
                  "aadhaar": ("check_digit", "specimen_number", "moved_values"), "pan": ("wrong_holder", "specimen_number", "moved_values")}
MARKS = {"editor": ("no_editing_software",), "generator": ("no_editing_software",), "other_preview": ("preview_matches",)}
# Public pictures count for traces only: specimens and look-alikes print numbers, dates and codes that contradict each other. Nor do files that
# say themselves that an editor or no camera made them, or that have no colour, set off false alarms.
TRUE_OF_PUBLIC = ("no_editing_software", "camera_noise_present", "in_colour", "compressed_once", "not_a_specimen")
HELD_OUT = 1000
READ_SEEDS = 1500  # first of those that go through the reader
RULE_SEEDS = 23000  # and of those that the rules are counted on


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

    def drawn(self, what: str, seeds: int, first: int = HELD_OUT, kinds: Iterable[str] = KINDS) -> list[dict]:
        asked = (f"{what} {kind} {level} {first + seed}" for kind in kinds for level in LEVELS for seed in range(seeds))
        return [a for a in map(self.ask, asked) if "skipped" not in a]

    def public(self) -> list[dict]:
        files = sorted(p for folder in ("mrz_real", "india_synth") for p in (self.documents / folder).iterdir() if p.suffix in (".jpg", ".png"))
        return [a for a in (self.ask(f"file {p}") for p in files[1::2]) if "skipped" not in a]

    def __enter__(self) -> Checks:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(60)


def outcome(answer: dict, check: str) -> str:
    return answer["findings"].get(check, ["not_checked"])[0]


def failed(answer: dict, *checks: str) -> bool:
    return any(outcome(answer, check) == "failed" for check in checks)


def asks_for_review(answer: dict) -> bool:
    """Whether anything but the quality of the picture stands against the document."""
    return any(out == "failed" and weight != "note" and kind != "capture" for out, weight, _, kind in answer["findings"].values())


def interval(hits: int, of: int) -> str:
    """Wilson's score interval at 95 %, in per cent."""
    z, p = 1.96, hits / max(1, of)
    middle, half = p + z * z / (2 * of), z * sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    return f"{max(0.0, 100 * (middle - half) / (1 + z * z / of)):.1f} to {100 * (middle + half) / (1 + z * z / of):.1f} %"


def share(report: Report, name: str, of: list[dict], wrong: Callable[[dict], bool], aim: str = "") -> int:
    hits = sum(map(wrong, of))
    report.add(Figure(name, hits / max(1, len(of)), f"of {len(of)}", aim=aim))
    return hits


def genuine(report: Report, settings: Settings, checks: Checks) -> None:
    """False alarms: every check on all genuine pictures that allow it. Places from the truth, and found by the reader as on a server."""
    runs = settings.runs
    sets = {"placed": checks.drawn("genuine", 2 * runs), "read": checks.drawn("read genuine", runs, READ_SEEDS), "saved again": checks.drawn("resave", runs),
            "saved again, read": checks.drawn("read resave", max(1, runs // 2), READ_SEEDS), "public": checks.public(),
            "camera's own file": checks.drawn("camera_file", max(1, runs // 2))}
    ids = sorted({i for of in sets.values() for a in of for i, (_, _, _, kind) in a["findings"].items() if kind != "capture"})
    for check in ids:
        asked = [(name, a) for name, of in sets.items() for a in of if outcome(a, check) != "not_checked" and
                 not (name == "public" and (check in TRUE_OF_PUBLIC or a["findings"][check][3] != "authenticity")) and
                 not (check == "compressed_once" and name.startswith("saved"))]
        if not asked:
            continue
        wrong = [name for name, a in asked if failed(a, check)]
        report.add(Figure(f"alarm_{check}", len(wrong) / len(asked), f"of {len(asked)}", aim="<= 0.02"))
        note(f"{check}: {len(wrong)} of {len(asked)}, {interval(len(wrong), len(asked))}" + (f" ({', '.join(sorted(set(wrong)))})" if wrong else ""))
    for name, of in sets.items():
        if name != "public":
            hits = share(report, f"review_{name.replace(' ', '_').replace(',', '').replace(chr(39), '')}", of, asks_for_review)
            note(f"a review of genuine pictures, {name}: {hits} of {len(of)}, {interval(hits, len(of))}")
    share(report, "resave_noticed", sets["saved again"], lambda a: failed(a, "compressed_once"))
    report.add(Figure("forgery_checks_ms", median(a["ms"] for a in sets["placed"]), "ms CPU", aim="<= 40 at 1400 px"))


def rules(report: Report, settings: Settings, checks: Checks) -> None:
    """False alarms of the rules, which most types allow a few of: some 200 genuine pictures of each type through the reader."""
    of = checks.drawn("read genuine", 23 * settings.runs, RULE_SEEDS, (k for k in KINDS if k != "aadhaar_back"))
    for check in sorted({i for a in of for i, (_, _, _, kind) in a["findings"].items() if kind != "capture"} - {"not_a_specimen"}):
        asked = [a for a in of if outcome(a, check) != "not_checked"]
        if asked:
            wrong = share(report, f"rule_alarm_{check}", asked, lambda a, check=check: failed(a, check), aim="<= 0.02")
            note(f"{check}: {wrong} of {len(asked)}, {interval(wrong, len(asked))}")
    wrong = share(report, "rule_review", of, asks_for_review)
    note(f"a review of genuine pictures: {wrong} of {len(of)}, {interval(wrong, len(of))}")


def forged(report: Report, settings: Settings, checks: Checks) -> None:
    for attack, looked in ATTACKS.items():
        for how, of in (("", checks.drawn(attack, max(1, settings.runs // 2))),
                        ("_read", checks.drawn(f"read {attack}", max(1, settings.runs // 3), READ_SEEDS))):
            share(report, f"forgery_{attack}_caught{how}", of, lambda a, looked=looked: failed(a, *looked))
            by = {check: sum(failed(a, check) for a in of) for check in looked}
            note(f"{attack}{how}: " + ", ".join(f"{check} {n} of {len(of)}" for check, n in by.items()))


def counterfeit(report: Report, settings: Settings, checks: Checks) -> None:
    """Cards that print one thing wrong, through the reader. Accepted: no rule asks for a review."""
    accepted: list[bool] = []
    for what, looked in COUNTERFEITS.items():
        of = [a for kind, known in COUNTERFEIT_OF.items() if what in known for a in checks.drawn(f"read {what}", settings.runs, READ_SEEDS, (kind,))]
        share(report, f"counterfeit_{what}_caught", of, lambda a, looked=looked: failed(a, *looked))
        by = {check: sum(failed(a, check) for a in of) for check in looked}
        note(f"{what}: " + ", ".join(f"{check} {n} of {len(of)}" for check, n in by.items()))
        if what not in ("wrong_office", "specimen_number"):  # notes here: lists of offices lag behind, and drawn specimens are allowed
            accepted += [not asks_for_review(a) for a in of]
    report.add(Figure("counterfeit_accepted", sum(accepted) / len(accepted), f"of {len(accepted)}"))
    for what, looked in MARKS.items():
        share(report, f"marked_{what}_caught", checks.drawn(what, max(1, settings.runs // 2)), lambda a, looked=looked: failed(a, *looked))


def run(report: Report, settings: Settings) -> None:
    for name, work in (("alarm", genuine), ("rules", rules), ("forgery", forged), ("counterfeit", counterfeit)):
        if settings.wants(name):
            def measure(work: Callable[[Report, Settings, Checks], None] = work) -> None:
                with Checks() as checks:
                    work(report, settings, checks)

            report.measure(name, measure)
