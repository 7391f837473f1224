"""POST /v1/face/verify as a client sees it, against the model runs behind it; and the engine's own figures."""

from __future__ import annotations

import base64
import http.client
import json
import subprocess
import time
from pathlib import Path

import psutil

import face_liveness
import face_search
from common import (Authx, Figure, Person, Probe, Report, Settings, Unmeasurable, binary, compared, default_models, median, note, open_models, photos,
                    scratch, shared_data, specimen)

# What a comparison runs once each; the liveness pair where the pack has one.
ONCE = ("detector", "mesh", "embedding", "liveness", "liveness-wide")


def run(report: Report, settings: Settings) -> None:
    packs = [("face_verify_vs_models", "default", None)]
    if folder := open_models():
        packs.append(("face_verify_vs_models_open_pack", "open", folder))
    for name, word, pack in packs:
        if settings.wants(name):
            report.measure(name, lambda name=name, word=word, pack=pack: verify(report, settings, name, word, pack))
    for word, pack in (("default", None), ("open", open_models())):
        if word == "open" and pack is None:
            continue
        if settings.wants(f"lfw_dev_eer_{word}"):
            report.measure(f"lfw_dev_eer_{word}", lambda word=word, pack=pack: accuracy(report, word, pack))
    if settings.wants("detect_recall"):
        report.measure("detect_recall", lambda: recall(report))
    face_search.run(report, settings)
    face_liveness.run(report, settings)


def verify(report: Report, settings: Settings, name: str, word: str, pack: Path | None) -> None:
    card_photo, live_photo = photos()
    if not (default_models() / "manifest.json").exists():
        raise Unmeasurable("needs the default face models: ./dev models")
    with scratch() as folder:
        live = folder / "live.jpg"
        live.write_bytes(live_photo)
        arguments = [str(pack), str(default_models())] if pack else [str(default_models())]
        with Authx(folder, models=pack) as server, Probe("bench_face", *arguments) as probe:
            server.wait_ready()
            person = Person(server)
            document = person.upload(specimen(folder, "aadhaar", 7, 0, card_photo).read_bytes())
            person.wait_document(document)
            body = json.dumps({"document_id": document, "face_image": base64.b64encode(live_photo).decode()}).encode()
            headers = person.headers | {"Content-Type": "application/json"}
            process = psutil.Process(server.process.pid)
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)  # a client of its own adds a millisecond
            whole: list[float] = []
            whole_cpu: list[float] = []
            bare: list[float] = []
            bare_cpu: list[float] = []
            parts: list[dict[str, float]] = []
            for i in range(-2, max(settings.runs, 5) * 4):
                burned = sum(process.cpu_times()[:2])
                started = time.perf_counter()
                connection.request("POST", "/v1/face/verify", body, headers)
                answer = connection.getresponse()
                text = answer.read()
                took = (time.perf_counter() - started) * 1000
                if answer.status != 200:
                    raise Unmeasurable(f"POST /face/verify answered {answer.status}: {text[:200]!r}")
                burned = (sum(process.cpu_times()[:2]) - burned) * 1000  # in steps of 10 ms: only the mean says something
                part = probe.ask(str(live))
                if i < 0:
                    continue  # first uses compile for the picture's size
                whole.append(took)
                whole_cpu.append(burned)
                parts.append(part)
                bare.append(sum(part[role] for role in ONCE if role in part))
                bare_cpu.append(sum(part[f"{role}_cpu"] for role in ONCE if role in part))
            middle = {key: median(p[key] for p in parts) for key in parts[0]}
            note(f"{name}: " + ", ".join(f"{key} {value:.1f}" for key, value in middle.items() if "cpu" not in key and "opencv" not in key)
                 + f" ms; request {sum(whole_cpu) / len(whole_cpu):.1f} ms CPU, models {median(bare_cpu):.1f}")
            report.add(compared(name, "ms", whole, bare, "ratio <= 1.3"))
            suffix = "" if pack is None else "_open_pack"
            report.add(compared(f"verify_vs_models{suffix}", "ms", [p["verify"] for p in parts], bare, "ratio <= 1.15"))
            report.add(Figure(f"verify_cpu_ms_{word}", min(p["verify_cpu"] for p in parts), "ms CPU", min(bare_cpu),
                              min(p["verify_cpu"] for p in parts) / min(bare_cpu), "<= 30" if word == "open" else ""))
            report.add(Figure(f"face_analyse_ms{suffix}", middle["analyse"], "ms", median(bare), middle["analyse"] / median(bare)))
            fast = [sum(p[f"{role}_cpu"] for role in ONCE if role in p) for p in parts]
            slow = [sum(p[f"opencv_{role}_cpu"] for role in ONCE if role in p) for p in parts]
            report.add(Figure(f"openvino_vs_opencv{suffix}", min(slow) / min(fast), "times", min(slow), min(slow) / min(fast), ">= 1.5"))


def authx(*arguments: str, pack: Path | None) -> dict:
    command = [str(binary()), "--json", *arguments] + (["--models", str(pack)] if pack else [])
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise Unmeasurable(f"{arguments[0]} {arguments[1]}: {done.stderr.strip()[:200]}")
    return json.loads(done.stdout)


def accuracy(report: Report, word: str, pack: Path | None) -> None:
    data = shared_data()
    pairs = data / "face" / "pairs_lfw_dev.csv" if data else None
    if pairs is None or not pairs.exists():
        raise Unmeasurable("needs face/pairs_lfw_dev.csv in the folder that AUTHX_SHARED_DATA names")
    found = authx("lab", "face", "--pairs", str(pairs), "--cross", pack=pack)
    report.add(Figure(f"lfw_dev_eer_{word}", found["eer"] * 100, "%", aim="<= 1.5" if word == "default" else ""))
    for rate in found["rates"]:
        if rate["fmr"] in (1e-3, 1e-4, 1e-5):
            report.add(Figure(f"lfw_dev_tar_{rate['fmr']:.0e}_{word}", rate["tar"] * 100, "%"))


def recall(report: Report) -> None:
    data = shared_data()
    if data is None:
        raise Unmeasurable("needs the development photographs in the folder that AUTHX_SHARED_DATA names")
    files = sorted(p for folder in ("id", "compreface_samples", "active") for p in (data / "face" / folder).rglob("*") if p.suffix in (".jpg", ".jpeg", ".png"))
    for word, pack in (("default", None), ("open", open_models())):
        if word == "open" and pack is None:
            continue
        found = sum(1 for file in files if authx("face", "detect", str(file), pack=pack)["faces"])
        report.add(Figure(f"detect_recall_{word}", found / len(files), "share", aim="1"))
