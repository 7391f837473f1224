"""Active liveness on filmed answers: the share of people who pass, and of attacks that do, each instrument by itself.

    bench/face_liveness.py [--people tuned|held-out] [--genuine 120] [--attacks 10] [--only KIND,…] [--seed N] [--json FILE]

The films are synthetic: a photograph laid on its own measured mesh and moved before a pinhole camera (tests/support/face_film.h).
They show that the checks work together and where they end; real cameras, light and people differ. Thresholds were set on the tuned
people; figures are of the held-out ones, who are other persons. Every challenge has lights, but for the kinds that end in "_unlit":
what passes those is left to a reviewer. What was measured of a film is kept under build/ as long as the code that films and measures
stays the same, so that a change of the judgement alone is tried in seconds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import queue
import random
import sys
import threading
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from common import CORES, ROOT, Figure, Probe, Report, Settings, Unmeasurable, default_models, note, open_models, shared_data  # noqa: E402

ATTACKS = ("still_photo", "flat_photo", "tilted_photo", "bent_photo", "cut_out", "mask", "flat_puppet", "bent_puppet", "bent_lying", "replay",
           "screen_replay", "spliced", "spliced_moved", "spliced_lit", "wrong_order", "swapped", "cut", "static_frames", "static_moved", "duplicated", "looped", "shifted_early",
           "shifted_late", "all_the_time", "wrong_light", "no_light")
SEED = 20261124
UNLIT = ("genuine_unlit", "spliced_unlit", "spliced_moved_unlit")
KINDS = ("genuine", *ATTACKS, *UNLIT)
TUNED = ("compreface_samples/001_A.jpg", "compreface_samples/002_A.jpg", "compreface_samples/003_A.jpg", "compreface_samples/004_A.jpg", "active/sad.png",
         "id/deepface/img2.jpg", "id/deepface/img6.jpg", "id/deepface/img12.jpg", "id/deepface/img20.jpg")
HELD_OUT = ("compreface_samples/007_B.jpg", "compreface_samples/009_C.jpg", "compreface_samples/010_2.jpg", "compreface_samples/011_3.jpg",
            "compreface_samples/012_4.jpg", "compreface_samples/014_5.jpg", "compreface_samples/015_6.jpg", "compreface_samples/016_8.jpg",
            "compreface_samples/017_0.jpg", "pad/vietmoney/real/true_001.jpg", "pad/vietmoney/real/true_002.jpg", "pad/vietmoney/real/true_003.png")
# What only judges: a change there leaves what was filmed and measured as it is.
JUDGES = ("active.h", "active_judge.cpp", "active_geometry.cpp", "active_geometry.h", "active_motion.cpp", "active_motion.h", "active_follow_up.cpp",
          "active_follow_up.h")
# Frames a second of the camera; recorded by a browser (VP8), by a telephone (H.264), or taken as they are.
RECORDINGS = (("none", 10), ("webm", 12), ("none", 10), ("webm", 20), ("none", 10), ("mp4", 25), ("none", 10), ("avi", 15))


def run(report: Report, settings: Settings) -> None:
    if settings.wants("challenge_genuine_pass") or settings.wants("challenge_attack_pass"):
        report.measure("challenge", lambda: challenge(report, settings))


def who(photo: Path) -> str:
    """In the samples the name's letter is the person's; elsewhere a folder is one person's, or its pictures are anyone's."""
    return photo.stem[-1] if photo.parent.name == "compreface_samples" else photo.parent.parent.name + photo.parent.name


def people_of(part: str) -> list[Path]:
    """Photographs, one person's never in both parts. Of LFW a person's name decides; of the rest, the lists above."""
    data = shared_data()
    if data is None or not (data / "face").is_dir():
        raise Unmeasurable("needs photographs of people (face/ in the folder that AUTHX_SHARED_DATA names)")
    face = data / "face"
    held_out = part == "held-out"
    listed = [face / name for name in (HELD_OUT if held_out else TUNED)]
    if held_out:
        listed += [photo for folder in sorted((face / "id" / "johns").iterdir()) for photo in sorted(folder.iterdir())[:4]]
    crowd = [sorted(folder.iterdir())[0] for folder in sorted((face / "lfw").iterdir()) if zlib.crc32(folder.name.encode()) % 2 == held_out]
    random.Random(5).shuffle(crowd)
    # Alternately in colour and from the gray crowd, so that a short run has both.
    listed = [photo for photo in listed if photo.exists()]
    mixed = [photo for pair in zip(listed, crowd, strict=False) for photo in pair]
    return mixed + crowd[len(listed):]


def interval(hits: int, n: int) -> tuple[float, float]:
    """Clopper and Pearson's, 95 %."""
    def tail(p: float, at_least: bool) -> float:
        return sum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in (range(hits, n + 1) if at_least else range(hits + 1)))

    def solve(at_least: bool) -> float:
        low, high = 0.0, 1.0
        for _ in range(50):
            middle = (low + high) / 2
            if (tail(middle, at_least) > 0.025) == at_least:
                high = middle
            else:
                low = middle
        return low

    return (0.0 if hits == 0 else solve(True)), (1.0 if hits == n else solve(False))


def passed_at_once(verdict: dict) -> bool:
    """As far as a machine alone approves: the tasks done, the depth shown, and under lights."""
    return verdict["outcome"] == "passed" and verdict["depth_shown"] and not verdict["kind"].endswith("_unlit")


def passed(verdict: dict) -> bool:
    """The same, with the second answer that a check may ask for."""
    second = verdict.get("follow_up")
    if second is None:
        return passed_at_once(verdict)
    return passed_at_once({**second, "depth_shown": verdict["depth_shown"] or second["depth_shown"], "kind": verdict["kind"]})


def jobs(people: list[Path], genuine: int, attacks: int, kinds: tuple[str, ...], seed: int) -> Iterator[tuple[str, list[str]]]:
    """Kind by kind in turn, so that a run that is cut short has some of each; each kind goes on until enough films served."""
    dice = random.Random(seed)
    wanted = {kind: genuine if kind == "genuine" else attacks for kind in kinds}
    for i in range(max(wanted.values(), default=0)):
        for number, kind in enumerate(kinds):
            # A person's answers are the measure: as many as there are rounds more of them than of each attack.
            for again in range(max(1, genuine // max(1, attacks)) if kind == "genuine" else 1):
                if wanted[kind] <= 0:
                    continue
                wanted[kind] -= 1
                at = (i * 7 + number * 13 + again * 3) if kind != "genuine" else i * max(1, genuine // max(1, attacks)) + again
                person = people[at % len(people)]
                other = next(p for p in people[(at + 1) % len(people):] + people if who(p) != who(person))
                codec, fps = RECORDINGS[at % len(RECORDINGS)] if kind.startswith("genuine") else ("none", 10)
                lights = "0" if kind in UNLIT else "1"
                yield kind, [kind.removesuffix("_unlit"), str(dice.randrange(1 << 30)), lights, codec, str(fps), str(person), str(other)]


def usable(probe: Probe, people: list[Path], wanted: int) -> list[Path]:
    """Those whose photograph shows a straight, open-eyed face that is large enough."""
    out: list[Path] = []
    for photo in people:
        if len(out) >= wanted:
            break
        if "skip" not in probe.ask("\t".join(["usable", "1", "0", "none", "10", str(photo), str(photo)])):
            out.append(photo)
    return out


def kept_films() -> Path:
    """A folder for this state of what films and measures."""
    sources = [ROOT / "tests" / "support" / "face_film.cpp", ROOT / "bench" / "cpp" / "bench_liveness.cpp"]
    sources += [p for p in sorted((ROOT / "src" / "engines" / "face").iterdir()) if p.name not in JUDGES]
    state = hashlib.sha256(b"".join(p.read_bytes() for p in sources)).hexdigest()[:16]
    folder = ROOT / "build" / "live_films" / state
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def measure(people: list[Path], genuine: int, attacks: int, kinds: tuple[str, ...], seed: int, log: Path | None = None) -> dict[str, list[dict]]:
    if not (default_models() / "manifest.json").exists():
        raise Unmeasurable("needs the default face models: ./dev models")
    folder = open_models()
    arguments = [str(folder), str(default_models())] if folder else [str(default_models())]
    os.environ["AUTHX_KEPT_FILMS"] = str(kept_films())
    done: dict[str, list[dict]] = defaultdict(list)
    waiting: queue.Queue[tuple[str, list[str]]] = queue.Queue()

    def work(probe: Probe) -> None:
        while True:
            try:
                kind, job = waiting.get_nowait()
            except queue.Empty:
                return
            verdict = probe.ask("\t".join(job))
            if "skip" in verdict:
                continue
            verdict["kind"], verdict["job"] = kind, job
            done[kind].append(verdict)
            if log is not None:
                with log.open("a") as lines:
                    lines.write(json.dumps(verdict) + "\n")
            if passed(verdict) != (kind == "genuine"):
                note(f"{kind} {Path(job[5]).name}: {json.dumps({k: v for k, v in verdict.items() if k not in ('plan', 'job')})}")

    probes = [Probe("bench_liveness", *arguments) for _ in range(CORES)]
    try:
        people = usable(probes[0], people, genuine)
        if len({who(photo) for photo in people}) < 2:
            raise Unmeasurable("no two people's photographs served")
        for job in jobs(people, genuine, attacks, kinds, seed):
            waiting.put(job)
        threads = [threading.Thread(target=work, args=(probe,)) for probe in probes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        for probe in probes:
            probe.__exit__(None, None, None)
    return done


def summary(done: dict[str, list[dict]]) -> dict[str, dict]:
    out = {}
    for kind in KINDS:
        films = done.get(kind, [])
        if not films:
            continue
        hits = sum(1 for v in films if passed(v))
        low, high = interval(hits, len(films))
        at_once = sum(1 for v in films if passed_at_once(v))
        findings: dict[str, int] = defaultdict(int)
        for verdict in films:
            for finding in verdict["findings"] + ([] if verdict["depth_shown"] else ["depth_not_shown"]):
                findings[finding] += 1
        out[kind] = {"films": len(films), "passed": hits, "at_once": at_once, "asked_again": sum(1 for v in films if "follow_up" in v), "interval": [round(low, 4), round(high, 4)],
                     "done": sum(1 for v in films if v["outcome"] == "passed"), "findings": dict(findings)}
    return out


def challenge(report: Report, settings: Settings) -> None:
    done = measure(people_of("held-out"), 24 * settings.runs, 2 * settings.runs, KINDS, SEED)
    found = summary(done)
    if "genuine" not in found or len(found) < 2:
        raise Unmeasurable("no photograph served")
    for kind, row in found.items():
        note(f"{kind}: {row['passed']} of {row['films']} passed, 95 % interval {row['interval'][0]:.3f} to {row['interval'][1]:.3f}")
        if kind in ATTACKS:
            report.add(Figure(f"challenge_pass_{kind}", row["passed"] / row["films"], "share", aim="0"))
    genuine = found["genuine"]
    # Tasks done as asked at once, whether or not the pixels showed the depth that a machine's approval needs.
    report.add(Figure("challenge_genuine_done", genuine["done"] / genuine["films"], "share", aim=">= 0.97"))
    report.add(Figure("challenge_genuine_at_once", genuine["at_once"] / genuine["films"], "share", aim=">= 0.97"))
    report.add(Figure("challenge_genuine_pass", genuine["passed"] / genuine["films"], "share", aim=">= 0.97"))
    # A count and no rate: error rates of different instruments are never put together (ISO/IEC 30107-3).
    report.add(Figure("challenge_attack_pass", sum(row["passed"] for kind, row in found.items() if kind in ATTACKS), "films", aim="= 0"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", choices=("tuned", "held-out"), default="held-out")
    parser.add_argument("--genuine", type=int, default=120, help="films of people (default: 120)")
    parser.add_argument("--attacks", type=int, default=10, help="films of each kind of attack (default: 10)")
    parser.add_argument("--only", help="kinds, with commas between")
    parser.add_argument("--seed", type=int, default=SEED, help="of plans, habits and cameras")
    parser.add_argument("--json", type=Path, help="appends every verdict, a line each")
    options = parser.parse_args()
    kinds = tuple(options.only.split(",")) if options.only else KINDS
    done = measure(people_of(options.people), options.genuine, options.attacks, kinds, options.seed, options.json)
    for kind, row in summary(done).items():
        print(f"{kind:<20} done {row['done']:>4}, at once {row['at_once']:>4}, asked again {row['asked_again']:>3}, passed {row['passed']:>4} of {row['films']:<4} "
              f"[{row['interval'][0]:.3f}, {row['interval'][1]:.3f}]  {row['findings']}")


if __name__ == "__main__":
    main()
