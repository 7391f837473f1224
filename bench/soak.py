"""Whether memory stays flat under mixed and corrupt pictures and videos. For instance

    bench/soak.py --minutes 60 --photos ../shared/data/face/compreface_samples --videos tests/fuzz/corpus/fuzz_video

Starts a server of its own and sends it, on several connections, photographs as they are, cut, with bytes changed, and blocks of
nothing, as faces, documents, comparisons and answers to live challenges, half of them recordings that decode to the end. Resident memory is
written down every few seconds (and every half minute into --log); the run is flat when a line through its second half rises by less than the
allowance in an hour.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import sys
import threading
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import requests  # noqa: E402
from common import Authx, Person, scratch  # noqa: E402


def mangled(data: bytes, rng: random.Random) -> bytes:
    kind = rng.randrange(5)
    if kind == 0 or len(data) < 16:
        return data
    if kind == 1:
        return data[: rng.randrange(1, len(data))]
    out = bytearray(data)
    if kind == 2:
        for _ in range(rng.randrange(1, 40)):
            out[rng.randrange(len(out))] = rng.randrange(256)
    elif kind == 3:
        at = rng.randrange(len(out))
        out[at : at + 2000] = rng.randbytes(min(2000, len(out) - at))
    else:
        at = rng.randrange(len(out))
        out[at:at] = out[at // 2 : at // 2 + 5000]
    return bytes(out)


def film(photo: bytes, most: int = 6_000_000) -> bytes:
    """Motion JPEG: one picture after another."""
    return photo * max(1, min(90, most // len(photo)))


class Load:
    def __init__(self, server: Authx, photos: list[bytes], videos: list[bytes], connections: int):
        self.server, self.photos, self.videos = server, photos, videos
        self.ended = threading.Event()
        self.lock = threading.Lock()
        self.answers: Counter[str] = Counter()
        self.threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(connections)]
        for thread in self.threads:
            thread.start()

    def _run(self, number: int) -> None:
        try:
            self._send(number)
        except Exception as why:  # noqa: BLE001: a client that dies makes the run worthless, and says so
            self._count(f"client ended: {why!r} 500")

    def _send(self, number: int) -> None:
        rng = random.Random(number)
        person = Person(self.server, f"soak{number}@example.com")
        session = requests.Session()
        session.headers.update(person.headers)
        renewed = time.monotonic()
        document = None
        people = 0
        while not self.ended.is_set():
            if time.monotonic() - renewed > 1800:
                session.headers["Authorization"] = f"Bearer {person.login()}"
                renewed = time.monotonic()
            photo = mangled(rng.choice(self.photos), rng)
            what = rng.choice(("capture", "comparison", "comparison", "document", "video", "challenge", "challenge"))
            if what == "document":
                answer = session.post(self.server.base + "/documents/upload", data={"document_type": "pan", "wait_seconds": "20"},
                                      files={"front_image": ("c.jpg", photo or b"x")}, timeout=120)
                if answer.ok and document is None:
                    document = answer.json()["data"]["document_id"]
            elif what == "comparison":
                body = {"document_id": document or "00000000-0000-7000-8000-000000000000", "face_image": base64.b64encode(photo).decode()}
                answer = session.post(self.server.base + "/face/verify", json=body, timeout=120)
            elif what == "challenge":
                # A person has few tries, so that each round of them takes another one.
                people += 1
                other = Person(self.server, f"soak{number}-{people}@example.com")
                headers = other.headers | {"User-Agent": f"soak/{number}-{people}"}  # a browser has few tries as well
                answer = requests.post(self.server.base + "/face/challenge", json={}, headers=headers, timeout=120)
                if not answer.ok:
                    self._count(f"asking for a challenge {answer.status_code}")
                    continue
                asked = answer.json()["data"]
                video = film(rng.choice(self.photos)) if rng.random() < 0.5 or not self.videos else rng.choice(self.videos)
                time.sleep(asked["length_ms"] / 1000 + 0.2)
                answer = requests.post(self.server.base + "/face/capture", data={"wait_seconds": "20", "challenge_id": asked["challenge_id"]},
                                       files={"face_image": ("f.jpg", rng.choice(self.photos)), "live_video": ("v.mjpeg", video if rng.random() < 0.5 else mangled(video, rng) or b"x")},
                                       headers=headers, timeout=120)
            elif what == "capture" or not self.videos:
                answer = session.post(self.server.base + "/face/capture", data={"wait_seconds": "20"}, files={"face_image": ("f.jpg", photo or b"x")},
                                      timeout=120)
            else:
                answer = session.post(self.server.base + "/face/capture", data={"wait_seconds": "20"},
                                      files={"face_image": ("f.jpg", photo or b"x"), "live_video": ("v.webm", mangled(rng.choice(self.videos), rng) or b"x")},
                                      timeout=120)
            self._count(f"{what} {answer.status_code}")

    def _count(self, answer: str) -> None:
        with self.lock:
            self.answers[answer] += 1

    def stop(self) -> None:
        self.ended.set()
        for thread in self.threads:
            thread.join(180)


def slope(points: list[tuple[float, float]]) -> float:
    """Of the least-squares line."""
    n = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / max(sum((x - mean_x) ** 2 for x, _ in points), 1e-9)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--photos", type=Path, required=True, help="folder of pictures")
    parser.add_argument("--videos", type=Path, help="folder of recordings")
    parser.add_argument("--connections", type=int, default=3)
    parser.add_argument("--allow", type=float, default=30, help="MB an hour that count as flat (default: 30)")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--log", type=Path, help="file for seconds, resident MB and requests so far, a line each half minute")
    options = parser.parse_args()
    photos = [p.read_bytes() for p in sorted(options.photos.rglob("*")) if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp")]
    videos = [p.read_bytes() for p in sorted(options.videos.rglob("*")) if p.is_file()] if options.videos else []
    if not photos:
        parser.error("no pictures in --photos")
    with scratch() as folder, Authx(folder) as server:
        server.wait_ready()
        load = Load(server, photos, videos, options.connections)
        started, points = time.monotonic(), []
        while (passed := time.monotonic() - started) < options.minutes * 60:
            if server.process.poll() is not None:
                print(f"the server ended with {server.process.returncode} after {passed:.0f} s", file=sys.stderr)
                return 1
            points.append((passed / 3600, server.memory_mb()))
            if options.log is not None and len(points) % 6 == 1:
                with options.log.open("a") as lines:
                    lines.write(f"{passed:.0f} {points[-1][1]:.1f} {sum(load.answers.values())}\n")
            time.sleep(5)
        load.stop()
        settled, peak = server.settled_mb(), server.peak_mb()
    rise = slope([p for p in points if p[0] > options.minutes / 120])
    broken = sum(n for answer, n in load.answers.items() if answer.endswith((" 500", " 502")))
    result = {"minutes": options.minutes, "requests": sum(load.answers.values()), "answers": dict(sorted(load.answers.items())),
              "quarters_mb": [round(points[round(q * (len(points) - 1) / 4)][1], 1) for q in range(5)],
              "resident_mb": points[:: max(1, len(points) // 60)], "settled_mb": settled, "peak_mb": peak, "rise_mb_per_hour": rise,
              "flat": rise <= options.allow and broken == 0}
    print(json.dumps({k: v for k, v in result.items() if k != "resident_mb"}, indent=1))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    return 0 if result["flat"] else 1


if __name__ == "__main__":
    sys.exit(main())
