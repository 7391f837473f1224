"""POST /v1/face/verify as a client sees it, against the model runs behind it."""

from __future__ import annotations

import base64
import time
from pathlib import Path

import face_liveness
from common import (Authx, Figure, Person, Probe, Report, Settings, Unmeasurable, compared, default_models, median, note, open_models, photos, scratch,
                    specimen)

ONCE = ("detector", "mesh", "embedding")


def run(report: Report, settings: Settings) -> None:
    packs = [("face_verify_vs_models", None)]
    if folder := open_models():
        packs.append(("face_verify_vs_models_open_pack", folder))
    for name, pack in packs:
        if settings.wants(name):
            report.measure(name, lambda name=name, pack=pack: verify(report, settings, name, pack))
    face_liveness.run(report, settings)


def verify(report: Report, settings: Settings, name: str, pack: Path | None) -> None:
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
            body = {"document_id": document, "face_image": base64.b64encode(live_photo).decode()}
            whole: list[float] = []
            bare: list[float] = []
            parts: list[dict[str, float]] = []
            for i in range(-2, max(settings.runs, 5) * 4):
                started = time.perf_counter()
                server.call("POST", "/face/verify", headers=person.headers, json=body)
                took = (time.perf_counter() - started) * 1000
                part = probe.ask(str(live))
                if i < 0:
                    continue  # first uses compile for the picture's size
                whole.append(took)
                parts.append(part)
                bare.append(sum(part[role] for role in ONCE if role in part))
            middle = {key: median(p[key] for p in parts) for key in parts[0]}
            note(f"{name}: " + ", ".join(f"{key} {value:.1f} ms" for key, value in middle.items()))
            report.add(compared(name, "ms", whole, bare, "ratio <= 1.3"))
            report.add(Figure(name.replace("face_verify_vs_models", "face_analyse_ms"), middle["analyse"], "ms", median(bare), middle["analyse"] / median(bare)))
