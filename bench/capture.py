"""The appraisal before reading: whether each fault of a picture is named and placed, and how often a faultless one is blamed."""

from __future__ import annotations

from authenticity import interval
from common import Figure, Probe, Report, Settings, median, note, shared_data

KINDS = ("aadhaar", "pan", "passport", "driving_license", "voter_id")
FAULTS = {"blur": "sharp_enough", "motion": "sharp_enough", "glare": "free_of_glare", "cut_off": "document_whole", "cut_corner": "document_whole", "cut_little": "document_whole", "small": "large_enough",
          "tilted": "straight_enough", "several": "one_document", "absent": "document_found", "dark": "bright_enough", "washed": "bright_enough"}
PLACED = ("glare", "cut_off", "cut_corner", "cut_little")  # faults that have a place of their own
HELD_OUT = 30000


def run(report: Report, settings: Settings) -> None:
    if settings.wants("capture_fault"):
        report.measure("capture_fault", lambda: faults(report, settings))


def faults(report: Report, settings: Settings) -> None:
    """Drawn cards at the levels 0 to 2 and in clutter, each with one fault; photographs of people and empty tables hold no document."""
    with Probe("bench_capture") as probe:
        good = [probe.ask(f"none {kind} {level} {HELD_OUT + seed}") for kind in KINDS for level in (0, 1, 2, 4) for seed in range(2 * settings.runs)]
        for name in sorted(set(FAULTS.values())):
            wrong = sum(name in a["failed"] for a in good)
            report.add(Figure(f"capture_fault_{name}_alarm", wrong / len(good), f"of {len(good)}"))
            note(f"{name}: false {wrong} of {len(good)}, {interval(wrong, len(good))}")
        # A scan that is cut to the card's edges, or up to five pixels into it, shows all of it; so do the public pictures.
        whole = [probe.ask(f"scan {kind} {level} {HELD_OUT + 500 + seed}") for kind in KINDS for level in (0, 1, 2) for seed in range(2 * settings.runs)]
        if data := shared_data():
            files = [p for folder in ("mrz_real", "india_synth") for p in sorted((data / "documents" / folder).iterdir()) if p.suffix in (".jpg", ".png")]
            public = [probe.ask(f"file {p}") for p in files]
            wrong = [p.name for p, a in zip(files, public, strict=True) if "document_whole" in a["failed"]]
            report.add(Figure("capture_fault_public_cut_alarm", len(wrong) / len(files), f"of {len(files)}"))
            note(f"public pictures said to be cut off: {len(wrong)} of {len(files)}, {interval(len(wrong), len(files))}: {', '.join(wrong)}")
        wrong_scans = sum("document_whole" in a["failed"] for a in whole)
        report.add(Figure("capture_fault_scan_cut_alarm", wrong_scans / len(whole), f"of {len(whole)}"))
        note(f"scans to the edge said to be cut off: {wrong_scans} of {len(whole)}, {interval(wrong_scans, len(whole))}")
        report.add(Figure("capture_fault_ready", sum(a["ready"] for a in good) / len(good), f"of {len(good)}"))
        for fault, name in FAULTS.items():
            of = [probe.ask(f"{fault} {kind} {level} {HELD_OUT + 1000 + seed}") for kind in KINDS for level in (0, 1, 2) for seed in range(settings.runs)]
            if fault == "absent" and (data := shared_data()):
                people = sorted((data / "face" / "id").rglob("*.jpg"))
                of = of[: 5 * settings.runs] + [probe.ask(f"file {p}") for p in people[:: max(1, len(people) // (5 * settings.runs))]]
            named = [a for a in of if name in a["failed"]]
            stopped = sum(not a["ready"] for a in of)
            placed = sum(a["failed"][name] is True for a in named)
            report.add(Figure(f"capture_fault_{fault}_named", len(named) / len(of), f"of {len(of)}"))
            if fault in PLACED:
                report.add(Figure(f"capture_fault_{fault}_placed", placed / max(1, len(named)), f"of {len(named)}"))
            note(f"{fault}: named {len(named)} of {len(of)}, {interval(len(named), len(of))}; another picture asked for {stopped} of {len(of)}")
        report.add(Figure("capture_fault_ms_p50", median(a["ms"] for a in good), "ms CPU"))
