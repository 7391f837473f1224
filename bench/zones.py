"""Machine-readable zones of the development data: whole lines exact, and what is called valid though it is not."""

from __future__ import annotations

import csv

from common import Figure, Probe, Report, Settings, Unmeasurable, edits, median, note, shared_data, tesseract


MRZ_FIGURES = ("mrz_real_exact", "mrz_synth_exact", "mrz_false_valid", "mrz_seconds_p50")
# The best recorded peer on sets of the same kinds: PassportEye 2 with a published OCR-B model for Tesseract.
MRZ_PEER = {"mrz_real": 0.69, "mrz_synth": 0.54}
# What the picture shows where the transcription differs.
MRZ_PRINTED = {"PassportEye__100_id-usa.jpg": "IAUSA0000000033LIN1044750079<<|5808175F1004027COD<<<<<<<<<<<7|SPECIMEN<<TEST<VOID<<<<<<<<<<<"}


def run(report: Report, settings: Settings) -> None:
    if any(settings.wants(name) for name in MRZ_FIGURES):
        report.measure("mrz_real_exact", lambda: read_all(report))


def read_all(report: Report) -> None:
    """Whole zones read exactly, and zones taken as valid that differ from the truth in any character."""
    data = shared_data()
    if data is None:
        raise Unmeasurable("needs documents/mrz_real and mrz_synth in the folder that AUTHX_SHARED_DATA names")
    false_valid = 0
    seconds: list[float] = []
    theirs: list[float] = []
    by_format: dict[str, list[tuple[bool, bool, float, float]]] = {}  # exact, valid, characters, seconds
    with Probe("bench_mrz") as probe:
        for name, peer in MRZ_PEER.items():
            folder = data / "documents" / name
            with (folder / "truth.csv").open(newline="") as file:
                rows = list(csv.DictReader(file))
            right: dict[str, list[bool]] = {}
            certain = 0
            for i, row in enumerate(rows):
                answer = probe.ask(str(folder / row["file"]))
                truth = MRZ_PRINTED.get(row["file"], row["mrz"])
                exact = answer["lines"] == truth
                for key in ("all", "even rows" if i % 2 == 0 else "odd rows", f"level {row.get('level', '-')}"):
                    right.setdefault(key, []).append(exact)
                false_valid += answer["valid"] and not exact
                certain += answer["valid"] and exact
                seconds.append(answer["ms"] / 1000)
                by_format.setdefault(row["format"], []).append(
                    (exact, answer["valid"], 1 - min(1.0, edits(answer["lines"], truth) / len(truth)), answer["ms"] / 1000))
                if i % 6 == 0:
                    theirs.append(tesseract(folder / row["file"])[1])
            note(f"{name}: " + ", ".join(f"{key} {sum(hits)}/{len(hits)}" for key, hits in sorted(right.items())) + f"; valid {certain}")
            share = sum(right["all"]) / len(rows)
            report.add(Figure(f"{name}_exact", share, "share", peer, share / peer, "own prototype with a published OCR-B model: 0.87 real, 0.85 generated"))
    for form, of in sorted(by_format.items()):
        exact, valid, letters, spent = (list(column) for column in zip(*of, strict=True))
        name = f"mrz_{form.lower().replace('-', '_')}"
        report.add(Figure(f"{name}_exact", sum(exact) / len(of), f"of {len(of)}"))
        report.add(Figure(f"{name}_valid", sum(valid) / len(of), f"of {len(of)}"))
        report.add(Figure(f"{name}_characters", sum(letters) / len(of), "share"))
        report.add(Figure(f"{name}_seconds_p50", median(spent), "s"))
        report.add(Figure(f"{name}_seconds_p95", sorted(spent)[int(len(of) * 0.95)], "s"))
    report.add(Figure("mrz_false_valid", false_valid, "zones", aim="0"))
    report.add(Figure("mrz_seconds_p50", median(seconds), "s", median(theirs), median(seconds) / median(theirs), "at most 0.25"))
