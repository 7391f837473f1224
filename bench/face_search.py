"""Search of one face among many: time, share of the memory's bandwidth, recall against comparing everything in full."""

from __future__ import annotations

from common import Figure, Probe, Report, Settings, Unmeasurable, note, scratch

SIZES = ((10_000, "10k", 60), (100_000, "100k", 40), (1_000_000, "1m", 20))
DIMENSION = 128


def run(report: Report, settings: Settings) -> None:
    if any(settings.wants(name) for name in ("search_10k_ms", "search_100k_ms", "search_1m_ms", "search_vs_bandwidth", "search_recall")):
        report.measure("search", lambda: search(report))


def search(report: Report) -> None:
    with scratch() as folder, Probe("bench_gallery", str(folder)) as probe:
        recalls = []
        for rows, word, rounds in SIZES:
            found = probe.ask(f"{rows} {DIMENSION} {rounds}")
            if found["recall"] is None:
                raise Unmeasurable("no search was checked")
            recalls.append(found["recall"])
            aim = ">= 0.7" if word == "1m" else ""
            # The baseline reads the same number of bytes from large pages, one thread, in turn with the searches.
            report.add(Figure(f"search_{word}_ms", found["search_ms"], "ms", found["read_ms"], found["ratio"], aim))
            if word == "1m":
                report.add(Figure("search_vs_bandwidth", found["ratio"], "share", aim=">= 0.7"))
                note(f"kernel {found['kernel']}, {found['gigabytes_per_second']:.1f} GB/s")
        report.add(Figure("search_recall", min(recalls), "share", aim="1"))
