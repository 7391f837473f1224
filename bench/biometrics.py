"""Fingerprint and iris matching."""

from __future__ import annotations

import json
import subprocess

from common import Figure, Probe, Report, Settings, Unmeasurable, binary, median, note, shared_data


def run(report: Report, settings: Settings) -> None:
    if settings.wants("finger"):
        report.measure("finger", lambda: finger(report, settings))
    if settings.wants("iris"):
        report.measure("iris", lambda: iris(report, settings))


# FVC2002's B sets: ten fingers, eight impressions each. What others reach on the same images with the same protocol
# (280 genuine and 2,880 impostor pairs a set), per cent.
FINGER_SETS = [("FVC2002_DB1_B", 500), ("FVC2002_DB2_B", 569), ("FVC2002_DB3_B", 500), ("FVC2002_DB4_B", 500)]
FINGER_PEERS = {
    "SourceAFIS": (3.19, 1.60, 11.43, 6.07),
    "NBIS mindtct + bozorth3": (4.29, 2.60, 8.73, 5.38),
    "FingerJetFX + MCC": (1.32, 1.79, 10.14, 2.95),
    "fusion of two extractors and two matchers": (1.43, 0.49, 5.71, 2.86),
}


def finger(report: Report, settings: Settings) -> None:
    data = shared_data()
    if data is None or not all((data / "fingerprint" / name).is_dir() for name, _ in FINGER_SETS):
        raise Unmeasurable("needs FVC2002's B sets (fingerprint/ in the folder that AUTHX_SHARED_DATA names)")
    folders = [f"{data / 'fingerprint' / name}:{dpi}" for name, dpi in FINGER_SETS]
    done = subprocess.run([str(binary()), "--json", "finger", "bench", *folders], capture_output=True, text=True)
    if done.returncode != 0:
        raise Unmeasurable(f"authx finger bench: {done.stderr.strip()}")
    measured = json.loads(done.stdout)
    for (name, _), s in zip(FINGER_SETS, measured["sets"], strict=True):
        note(f"{name}: EER {100 * s['eer']:.2f} % (90 %: {100 * s['eer_low']:.2f} .. {100 * s['eer_high']:.2f}; first impressions "
             f"{100 * s['eer_first_impressions']:.2f}), FNMR at FMR 1/100 {100 * s['fmr100']:.2f}, 1/1000 {100 * s['fmr1000']:.2f}, zero "
             f"{100 * s['zero_fmr']:.2f} %; {s['genuine']} genuine, {s['impostors']} impostor pairs; {s['not_enrolled']} of {s['images']} not "
             f"enrolled; exchange template up to {s['largest_exchange_template']} bytes")
    for peer, eers in FINGER_PEERS.items():
        note(f"{peer}: " + ", ".join(f"{e:.2f}" for e in eers) + f" %, mean {sum(eers) / len(eers):.2f}")
    pooled = measured["pooled"]
    note(f"one threshold for all sets: EER {100 * pooled['eer']:.2f}, FNMR at FMR 1/1000 {100 * pooled['fmr1000']:.2f} %")
    best = min(sum(eers) / len(eers) for eers in FINGER_PEERS.values())
    mean = 100 * measured["mean_eer"]
    report.add(Figure("finger_mean_eer", mean, "%", best, mean / best, "<= 3.1"))
    report.add(Figure("finger_mean_fnmr_at_fmr1000", 100 * measured["mean_fmr1000"], "%", aim="<= 8"))

    with Probe("bench_finger") as probe:
        rounds = [probe.ask(" ".join(folders)) for _ in range(min(settings.runs, 3))]
    report.add(Figure("finger_enrol_ms", median(r["enrol_ms"] for r in rounds), "ms", aim="<= 25"))
    report.add(Figure("finger_match_per_s", median(r["match_per_s"] for r in rounds), "/s a core", aim=">= 20000"))
    report.add(Figure("finger_search_per_s", median(r["search_per_s"] for r in rounds), "/s a core", aim=">= 30e6"))
    note(f"the prefilter's figure ({rounds[0]['kernel']}) is for {rounds[0]['gallery']:,} templates of which the 800 best are kept; the second stage "
         f"then makes {median(r['local_per_s'] for r in rounds):,.0f} comparisons /s")


# MMU1: 45 persons, both eyes, five images each, near infrared. What others reach on the same images, all pairs: EER and FNMR at
# FMR 1/10,000, per cent; and the overlap of OSIRIS's masks with masks drawn by hand.
IRIS_PEERS = {
    "OSIRIS 4.1": (2.46, 7.59),
    "USIT caht + log-Gabor": (6.25, 13.1),
    "USIT caht + QSW": (6.36, 10.2),
    "Gabor of three scales on OSIRIS's sheets": (2.01, 5.25),
}
OSIRIS_IOU = 0.81


def iris(report: Report, settings: Settings) -> None:
    data = shared_data()
    eyes, masks = (data / "iris" / "MMU1", data / "iris" / "MMU1_masks") if data else (None, None)
    if eyes is None or masks is None or not eyes.is_dir() or not masks.is_dir():
        raise Unmeasurable("needs MMU1 and its masks (iris/ in the folder that AUTHX_SHARED_DATA names)")
    done = subprocess.run([str(binary()), "--json", "iris", "bench", str(eyes)], capture_output=True, text=True)
    if done.returncode != 0:
        raise Unmeasurable(f"authx iris bench: {done.stderr.strip()}")
    m = json.loads(done.stdout)
    low, high = 100 * m.get("eer_low", 0), 100 * m.get("eer_high", 1)
    note(f"MMU1: EER {100 * m['eer']:.2f} % (95 % over eyes: {low:.2f} .. {high:.2f}), FNMR at FMR 1/100 {100 * m['fmr100']:.2f}, 1/1000 "
         f"{100 * m['fmr1000']:.2f}, 1/10,000 {100 * m.get('fmr10000', 1):.2f}, zero {100 * m['zero_fmr']:.2f} %; {m['genuine']} genuine, "
         f"{m['impostors']} impostor pairs; {m['not_enrolled']} of {m['images']} not enrolled; template {m['template_bytes']} bytes")
    for peer, (eer, fnmr) in IRIS_PEERS.items():
        note(f"{peer}: EER {eer:.2f}, FNMR at FMR 1/10,000 {fnmr:.2f} %")
    best = min(eer for eer, _ in IRIS_PEERS.values())
    report.add(Figure("iris_eer_mmu1", 100 * m["eer"], "%", best, 100 * m["eer"] / best, "<= 1.8"))
    report.add(Figure("iris_fte_mmu1", 100 * m["not_enrolled"] / m["images"], "%", aim="<= 1"))

    with Probe("bench_iris") as probe:
        rounds = [probe.ask(f"{eyes} {masks}") for _ in range(min(settings.runs, 3))]
    iou = rounds[0]["mask_iou"]
    report.add(Figure("iris_mask_iou", iou, "", OSIRIS_IOU, iou / OSIRIS_IOU, ">= 0.85"))
    report.add(Figure("iris_encode_ms", median(r["encode_ms"] for r in rounds), "ms", aim="<= 25"))
    report.add(Figure("iris_compare_per_s", median(r["search_per_s"] for r in rounds), "/s a core", aim=">= 1e6"))
    report.add(Figure("iris_compare_full_per_s", median(r["compare_per_s"] for r in rounds), "/s a core", aim=">= 1e6"))
    note(f"mask overlap's tenth percentile {rounds[0]['mask_iou_p10']:.3f} over {rounds[0]['masks']} masks; comparisons by {rounds[0]['kernel']}: "
         "first as the search does them, giving up early, then all 33 rotations in full, several codes at once")
