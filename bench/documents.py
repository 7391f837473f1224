"""Reading documents: how well, how safely and how fast, beside the tesseract command on the same pictures."""

from __future__ import annotations

import json
import re
import subprocess
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from math import sqrt
from pathlib import Path
from statistics import fmean

import authenticity
import capture
import evidence
import zones
from common import Figure, Probe, Report, Settings, Unmeasurable, binary, compared, edits, median, note, scratch, shared_data, specimen, tesseract

Point = tuple[float, float]


def run(report: Report, settings: Settings) -> None:
    groups: dict[str, Callable[[Report, Settings], None]] = {
        "india_fields": india,
        "type_accuracy": types,
        "quad_iou": quads,
        "masking_rate": masking,
        "local_name": scripts,
        "drawn_types": drawn_types,
        "aamva": aamva,
        "upload_vs_tesseract": speed,
    }
    for name, work in groups.items():
        if settings.wants(name):
            report.measure(name, lambda work=work: work(report, settings))
    zones.run(report, settings)
    evidence.run(report, settings)
    capture.run(report, settings)
    authenticity.run(report, settings)


# --- Comparing ----------------------------------------------------------------------------------------------------------------
# Two values are the same when they are after: Unicode NFC, case folded, punctuation to spaces, single spaces. Dates are compared as
# ISO dates, genders as M or F, numbers without spaces; a whole Aadhaar number digit by digit, a masked one by what is printed.


def folded(text: str) -> str:
    text = unicodedata.normalize("NFC", text).casefold().replace("\u200c", "").replace("\u200d", "")
    return " ".join("".join(c if c.isalnum() or unicodedata.category(c).startswith("M") else " " for c in text).split())


def iso(text: str) -> str:
    parts = re.split(r"[-/.]", text)
    return text if len(parts) != 3 else "-".join(reversed(parts)) if len(parts[2]) == 4 else text


def area(p: list[Point]) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(p, p[1:] + p[:1], strict=True)) / 2


def clip(subject: list[Point], window: list[Point]) -> list[Point]:
    """Sutherland and Hodgman (1974); both convex, `window` clockwise on screen."""
    for a, b in zip(window, window[1:] + window[:1], strict=True):
        inside = lambda p: (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]) >= 0  # noqa: E731, B023
        out: list[Point] = []
        for p, q in zip(subject, subject[1:] + subject[:1], strict=True):
            if inside(p):
                out.append(p)
            if inside(p) != inside(q):
                d = (b[0] - a[0]) * (q[1] - p[1]) - (b[1] - a[1]) * (q[0] - p[0])
                t = ((b[0] - a[0]) * (a[1] - p[1]) - (b[1] - a[1]) * (a[0] - p[0])) / d if d else 0.0
                out.append((p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])))
        subject = out
        if not subject:
            break
    return subject


def overlap(a: list[Point], b: list[Point]) -> float:
    a = a if area(a) > 0 else a[::-1]
    b = b if area(b) > 0 else b[::-1]
    shared = clip(a, b)
    common = area(shared) if len(shared) > 2 else 0.0
    return common / max(1e-9, area(a) + area(b) - common)


def corners(q: list[list[float]]) -> list[Point]:
    return [(p[0], p[1]) for p in q]


# --- Pictures -----------------------------------------------------------------------------------------------------------------

KIND = {"aadhaar": "aadhaar", "pan": "pan", "dl": "driving_license", "epic": "voter_id"}


def documents() -> Path:
    data = shared_data()
    if data is None or not (data / "documents").is_dir():
        raise Unmeasurable("the folder documents of the shared data (AUTHX_SHARED_DATA) is absent")
    return data / "documents"


def truths() -> list[dict]:
    return json.loads((documents() / "india_synth" / "truth.json").read_text())


def specimens(folder: Path, level: int, count: int, seed: int, kinds: Iterable[str] = ("aadhaar", "pan", "passport", "driving_license", "voter_id")) -> list[dict]:
    out: list[dict] = []
    for kind in kinds:
        truth = folder / f"{kind}_L{level}_{seed}.json"
        done = subprocess.run([str(binary()), "specimen", "generate", "--type", kind, "--level", str(level), "--seed", str(seed), "--count", str(count),
                               "--out-dir", str(folder), "--truth", str(truth)], capture_output=True, text=True)
        if done.returncode != 0:
            raise Unmeasurable(f"no specimen: {done.stderr.strip()}")
        out += json.loads(truth.read_text())
    return out


def wanted(t: dict) -> dict[str, str]:
    """The fields that a picture of india_synth shows, by AuthX's names, folded."""
    names = {"name": "name", "name_hi": "name_local", "dob": "dob", "gender": "gender", "father": "father_name", "issue": "issue_date",
             "validity": "expiry_date", "address": "address", "pincode": "pincode", "number": "number", "vid": "vid"}
    out = {}
    for key, name in names.items():
        value = str(t.get(key) or "")
        if value:
            out[name] = iso(value) if name in ("dob", "issue_date", "expiry_date") else value[0].upper() if name == "gender" else folded(value)
    return out


def read_value(answer: dict, name: str, truth: str) -> str:
    if name == "number":
        return folded(answer["number"] or answer["display_number"])
    value = answer["fields"].get(name, {}).get("value" if name == "name_local" else "normalised", "")
    if name == "vid":  # shown masked: what can be compared is its end, and that it was found
        return truth if value[-4:] == truth[-4:] else folded(value)
    return value if name in ("dob", "issue_date", "expiry_date", "gender") else folded(value)


# --- Measurements ---------------------------------------------------------------------------------------------------------------


def india(report: Report, settings: Settings) -> None:
    """Fields of the Indian look-alikes. Every second person is a tuning picture; the figures named _report are of the others."""
    exact: dict[str, list[bool]] = defaultdict(list)
    letters: dict[str, list[float]] = defaultdict(list)
    seconds: dict[str, list[float]] = defaultdict(list)
    typed: dict[str, list[bool]] = defaultdict(list)
    plain: list[bool] = []
    with Probe("bench_document") as probe:
        for t in truths():
            picture = documents() / "india_synth" / t["file"]
            answer = probe.ask(str(picture))
            kind = KIND[t["doc"].split("_")[0]]
            typed[t["doc"]].append(answer["type"] == kind)
            seconds[t["doc"]].append(answer["ms"] / 1000)
            text = folded(tesseract(picture)[0])
            half = "report" if int(re.findall(r"_(\d\d)_L", t["file"])[0]) % 2 else "tune"
            for name, value in wanted(t).items():
                got = read_value(answer, name, value)
                right = got == value
                if not right:
                    note(f"{t['file']:<34} {name}: {got!r} instead of {value!r}" if name not in ("number", "vid") else f"{t['file']:<34} {name} is wrong")
                for group in ("all", t["doc"], f"L{t['level']}", f"field {name}", half, *(["clean"] if t["level"] < 2 else [])):
                    exact[group].append(right)
                    letters[group].append(1 - min(1.0, edits(got, value) / max(1, len(value))))
                # Generous to the command: a value counts when it stands anywhere in its text.
                seen = {"dob": "-", "issue_date": "-", "expiry_date": "-"}
                plain.append((folded(value) in text) if name not in seen else " ".join(reversed(value.split("-"))) in text)
    for group in sorted(exact):
        extra = f", type {fmean(typed[group]):.3f}, {sorted(seconds[group])[len(seconds[group]) // 2]:.2f} s" if group in typed else ""
        note(f"{group:<24} {len(exact[group]):>4} fields, exact {fmean(exact[group]):.3f}, characters {fmean(letters[group]):.3f}{extra}")
    base = fmean(plain)
    report.add(Figure("india_field_exact_clean", fmean(exact["clean"]), "share", base, None, ">= 0.95"))
    report.add(Figure("india_field_exact", fmean(exact["all"]), "share", base, None, ">= 0.85"))
    report.add(Figure("india_field_exact_report", fmean(exact["report"]), "share", base, None, ">= 0.85"))
    report.add(Figure("india_characters", fmean(letters["all"]), "share"))
    report.add(Figure("india_name_local", fmean(exact["field name_local"]), "share", None, None, ">= 0.85"))
    report.add(Figure("india_seconds_p50", median([s for v in seconds.values() for s in v]), "s"))


def types(report: Report, settings: Settings) -> None:
    """Is the type right: look-alikes, machine-readable documents, generated specimens at every level, and pictures of anything else."""
    cases: list[tuple[Path, str]] = [(documents() / "india_synth" / t["file"], KIND[t["doc"].split("_")[0]]) for t in truths()]
    for line in (documents() / "mrz_real" / "truth.csv").read_text(encoding="utf-8-sig").splitlines()[1:]:
        file = line.split(",")[0]
        if (documents() / "mrz_real" / file).exists():
            cases.append((documents() / "mrz_real" / file, "mrz"))
    cases += [(p, "mrz") for p in sorted((documents() / "mrz_synth").glob("L[012]_*.jpg"))[::5]]
    data = shared_data()
    assert data
    others = sorted((data / "face").rglob("*.jpg"))
    cases += [(p, "unknown") for p in others[:: max(1, len(others) // 40)][:40]]
    with scratch() as folder, Probe("bench_document") as probe:
        for level in range(5):
            for t in specimens(folder, level, 2, 7000 + level, ("aadhaar", "aadhaar_back", "pan", "passport", "driving_license", "voter_id")):
                cases.append((Path(t["file"]), {"aadhaar_back": "aadhaar", "passport": "mrz"}.get(t["type"], t["type"])))
        right: dict[str, list[bool]] = defaultdict(list)
        for picture, kind in cases:
            got = probe.ask(str(picture))["type"]
            ok = got in ("passport", "mrz_card") if kind == "mrz" else got == kind
            right[kind].append(ok)
            if not ok:
                note(f"{picture.name:<44} is {kind}, taken for {got}")
    for kind, results in sorted(right.items()):
        note(f"{kind:<20} {len(results):>4} pictures, type right {fmean(results):.3f}")
    report.add(Figure("type_accuracy", fmean([ok for v in right.values() for ok in v]), "share", None, None, ">= 0.99"))
    report.add(Figure("type_negatives_unknown", fmean(right["unknown"]), "share"))


def quads(report: Report, settings: Settings) -> None:
    """Outlines in cluttered scenes whose seeds were never looked at while tuning."""
    with scratch() as folder, Probe("bench_document") as probe:
        shares, times = [], []
        for t in specimens(folder, 4, 40, 90000):
            answer = probe.ask("?" + t["file"])
            found = answer["capture_outline"]
            shares.append(overlap(corners(found), corners(t["outline"])) if found else 0.0)
            times.append(answer["capture_ms"])
    report.add(Figure("quad_iou_090", fmean([s >= 0.9 for s in shares]), "share", None, None, ">= 0.95"))
    report.add(Figure("capture_ms_p50", median(times), "ms", None, None, "<= 15"))
    report.add(Figure("capture_ms_p95", sorted(times)[int(len(times) * 0.95)], "ms"))


AADHAAR = ("aadhaar", "aadhaar_back", "aadhaar_pvc", "aadhaar_letter")
OTHERS = ("pan", "pan_old", "voter_id", "passport", "driving_license")
MASKING = {"plain": AADHAAR, "turned": AADHAAR, "beside": ("aadhaar", "aadhaar_pvc"), "stamped": ("pan", "voter_id", "passport"), "declared": ("aadhaar",),
           "tilted": OTHERS, "scene": ("aadhaar",), "page": ("aadhaar",), "statement": ("aadhaar",)}
UNMASKED = (*OTHERS, "aadhaar_letter", "aadhaar_back")  # without a number; the last two stand for a page of text and a bank's statement
HELD_OUT = 60000  # seeds below were tuned on


def interval(hits: int, of: int) -> str:
    """Wilson's score interval at 95 %."""
    z, p = 1.96, hits / of
    middle, half = p + z * z / (2 * of), z * sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    return f"{hits} of {of}, 95 % interval {(middle - half) / (1 + z * z / of):.4f} to {(middle + half) / (1 + z * z / of):.4f}"


def masking(report: Report, settings: Settings) -> None:
    """Of the Aadhaar numbers and VIDs that Tesseract reads on their true place, how many are painted over or on a picture that is not
    kept: specimens of all levels, lying on any side, next to another card, on documents of other kinds and slips of paper at any tilt,
    in running text and bank statements, declared as another kind. And how often something is painted over where no number is."""
    safe: dict[str, list[bool]] = defaultdict(list)
    dropped: list[bool] = []
    times: dict[str, list[float]] = defaultdict(list)
    pictures = 0
    with Probe("bench_masking") as probe:
        for setting, kinds in MASKING.items():
            for kind in kinds:
                for level in range(5):
                    for seed in range(HELD_OUT, HELD_OUT + settings.runs * (3 if setting in ("scene", "page", "statement") else 1)):
                        answer = probe.ask(f"{setting} {kind} {level} {seed}")
                        pictures += 1
                        times[setting].append(answer["ms"])
                        legible = [n["hidden"] or not answer["kept"] for n in answer["numbers"] if n["legible"]]
                        if legible:
                            dropped.append(not answer["kept"])
                        if not all(legible):
                            note(f"{setting} {kind} {level} {seed}: a number stays legible")
                        for group in (setting, f"level {level}", "all"):
                            safe[group] += legible
        painted, lost = [], []
        for kind in UNMASKED:
            for level in range(5):
                for seed in range(HELD_OUT, HELD_OUT + settings.runs):
                    answer = probe.ask(f"none {kind} {level} {seed}")
                    painted.append(answer["false"] > 0)
                    lost.append(not answer["kept"])
                    times["none"].append(answer["ms"])
                    if painted[-1] or lost[-1]:
                        note(f"none {kind} {level} {seed}: {answer['false']} places painted over, kept: {answer['kept']}")
    for group, results in safe.items():
        if results:
            note(f"{group:<10} {interval(sum(results), len(results))} legible numbers hidden")
    for group, values in times.items():
        note(f"{group:<10} {median(values):.0f} ms of CPU a page, 95 % within {sorted(values)[int(len(values) * 0.95)]:.0f}")
    report.add(Figure("masking_rate", fmean(safe["all"]), f"of {len(safe['all'])}", None, None, ">= 0.995"))
    report.add(Figure("masking_pictures_not_kept", fmean(dropped), f"of {len(dropped)}"))
    report.add(Figure("masking_false", fmean(painted), f"of {len(painted)}"))
    report.add(Figure("masking_false_not_kept", fmean(lost), f"of {len(lost)}"))
    note(f"{pictures} pictures with a number, {len(painted)} without")


SCRIPTS = {"Deva": "Hindi", "Beng": "Bengali", "Guru": "Gurmukhi", "Gujr": "Gujarati", "Orya": "Odia", "Taml": "Tamil", "Telu": "Telugu", "Knda": "Kannada",
           "Mlym": "Malayalam", "Aran": "Urdu"}


def scripts(report: Report, settings: Settings) -> None:
    """The local name on Aadhaar specimens in ten Indian scripts, at the two clean levels."""
    every: list[bool] = []
    with scratch() as folder, Probe("bench_document") as probe:
        for script, language in SCRIPTS.items():
            exact, letters, found, times = [], [], [], []
            for level in (0, 1):
                truth = folder / f"{script}_{level}.json"
                out = folder / f"{script}_{level}"
                out.mkdir()
                done = subprocess.run([str(binary()), "specimen", "generate", "--type", "aadhaar", "--script", script, "--level", str(level), "--seed", "81000",
                                       "--count", str(4 * settings.runs), "--out-dir", str(out), "--truth", str(truth)], capture_output=True, text=True)
                if done.returncode != 0:
                    raise Unmeasurable(f"no specimen: {done.stderr.strip()}")
                for t in json.loads(truth.read_text()):
                    answer = probe.ask(t["file"])
                    got, want = folded(answer["fields"].get("name_local", {}).get("value", "")), folded(t["name_local"])
                    found.append(bool(got))
                    exact.append(got == want)
                    letters.append(1 - min(1.0, edits(got, want) / len(want)))
                    times.append(answer["cpu_ms"])
            every += exact
            note(f"{language:<10} {len(exact)} names: exact {fmean(exact):.3f}, characters {fmean(letters):.3f}, found {fmean(found):.3f}, {median(times):.0f} ms a card")
            report.add(Figure(f"local_name_{language.lower()}", fmean(exact), f"of {len(exact)}"))
    report.add(Figure("local_name_all", fmean(every), f"of {len(every)}"))


# The best recorded peers on pictures of the same kinds, with the same comparison: plain Tesseract after rectification of 84 Indian look-alikes.
PEER_FIELDS = {"number": 0.95, "name": 0.97, "dob": 0.97}


def drawn_types(report: Report, settings: Settings) -> None:
    """Every type that is drawn here, at all levels: type right, fields exact, characters right, seconds; plain Tesseract beside it."""
    shown = {"aadhaar": ("number", "name", "dob", "gender"), "aadhaar_back": ("number", "address"), "aadhaar_pvc": ("number", "name", "dob", "gender"),
             "aadhaar_letter": ("number", "name", "dob", "gender"), "pan": ("number", "name", "dob", "father_name"), "pan_old": ("number", "name", "dob"),
             "passport": ("number", "name", "dob", "gender", "expiry_date"), "driving_license": ("number", "name", "dob", "issue_date", "expiry_date"),
             "voter_id": ("number", "name", "dob", "gender", "father_name")}
    every: list[bool] = []
    plain_all: list[bool] = []
    by_field: dict[str, list[bool]] = defaultdict(list)
    seconds_all: list[float] = []
    with scratch() as folder, Probe("bench_document") as probe:
        for kind, fields in shown.items():
            typed, exact, letters, plain, seconds, theirs = [], [], [], [], [], []
            for level in range(5):
                for t in specimens(folder, level, settings.runs, 82000 + level, (kind,)):
                    answer = probe.ask(t["file"])
                    typed.append(answer["type"] == ("aadhaar" if kind.startswith("aadhaar") else "pan" if kind == "pan_old" else kind))
                    seconds.append(answer["ms"] / 1000)
                    text, spent = tesseract(Path(t["file"]))
                    theirs.append(spent)
                    text = folded(text)
                    # The back prints whose child a person is before the address.
                    t["address"] = f"{'D' if t['gender'] == 'F' else 'S'}/O: {t['father_name']}, {t['address']}"
                    for name in fields:
                        value = t[name] if name in ("dob", "issue_date", "expiry_date") else t[name] if name == "gender" else folded(t[name])
                        got = read_value(answer, name, value)
                        if name in ("number", "name", "father_name", "address"):
                            value, got = value.replace(" ", ""), got.replace(" ", "")
                        exact.append(got == value)
                        by_field[name].append(got == value)
                        letters.append(1 - min(1.0, edits(got, value) / max(1, len(value))))
                        stands = " ".join(reversed(value.split("-"))) if name.endswith("date") or name == "dob" else value
                        if name != "gender":
                            plain.append(stands.replace(" ", "") in text.replace(" ", ""))
            every += exact
            plain_all += plain
            seconds_all += seconds
            ordered = sorted(seconds)
            note(f"{kind:<16} {len(typed):>3} pictures: type {fmean(typed):.3f}, {len(exact)} fields exact {fmean(exact):.3f}, characters {fmean(letters):.3f}, "
                 f"{median(seconds):.2f} s, 95 % within {ordered[int(len(ordered) * 0.95)]:.2f} s; tesseract {fmean(plain):.3f}, {median(theirs):.2f} s")
            report.add(Figure(f"drawn_{kind}_type", fmean(typed), f"of {len(typed)}"))
            report.add(Figure(f"drawn_{kind}_field_exact", fmean(exact), f"of {len(exact)}", fmean(plain)))
            report.add(Figure(f"drawn_{kind}_characters", fmean(letters), f"of {len(letters)}"))
            report.add(Figure(f"drawn_{kind}_seconds_p50", median(seconds), "s", median(theirs), median(seconds) / median(theirs)))
            report.add(Figure(f"drawn_{kind}_seconds_p95", ordered[int(len(ordered) * 0.95)], "s"))
    for name, results in by_field.items():
        peer = PEER_FIELDS.get(name)
        note(f"field {name:<12} exact {fmean(results):.3f} of {len(results)}" + (f"; plain Tesseract after rectification, recorded on look-alikes: {peer:.2f}" if peer else ""))
    report.add(Figure("drawn_field_exact", fmean(every), f"of {len(every)}", fmean(plain_all), fmean(every) / max(1e-9, fmean(plain_all))))
    report.add(Figure("drawn_seconds_p95", sorted(seconds_all)[int(len(seconds_all) * 0.95)], "s"))


def aamva_truth(payload: bytes) -> dict[str, str]:
    """Elements of an AAMVA code (DL/ID Card Design Standard 2020, annex D), which names dates month first in the United States."""
    elements = {m[1].decode(): m[2].decode().strip() for m in re.finditer(rb"(?:\n|DL)(D[A-D][A-Z])([^\n\r]*)", payload)}
    date = lambda t: f"{t[4:8]}-{t[:2]}-{t[2:4]}"  # noqa: E731
    return {"number": folded(elements["DAQ"]), "name": folded(f"{elements['DAC']} {elements['DAD']} {elements['DCS']}"), "dob": date(elements["DBB"]),
            "issue_date": date(elements["DBD"]), "expiry_date": date(elements["DBA"])}


def aamva(report: Report, settings: Settings) -> None:
    """Licences of the United States by their PDF417, printed at several sizes: type, fields, characters, seconds. Tesseract reads no barcode."""
    folder = documents() / "aamva"
    by_level: dict[str, list[bool]] = defaultdict(list)
    typed, exact, letters, seconds = [], [], [], []
    with Probe("bench_document") as probe:
        for line in (folder / "truth.csv").read_text().splitlines()[1:]:
            file, payload, level = line.split(",")[:3]
            answer = probe.ask(str(folder / file))
            typed.append(answer["type"] == "aamva_license")
            by_level[level].append(typed[-1])
            seconds.append(answer["ms"] / 1000)
            for name, value in aamva_truth((folder / payload).read_bytes()).items():
                got = read_value(answer, name, value)
                exact.append(got == value)
                letters.append(1 - min(1.0, edits(got, value) / len(value)))
    note("AAMVA licences taken for what they are: " + ", ".join(f"{level} {sum(v)} of {len(v)}" for level, v in by_level.items()))
    report.add(Figure("aamva_type", fmean(typed), f"of {len(typed)}"))
    report.add(Figure("aamva_field_exact", fmean(exact), f"of {len(exact)}"))
    report.add(Figure("aamva_characters", fmean(letters), f"of {len(letters)}"))
    report.add(Figure("aamva_seconds_p50", median(seconds), "s"))
    report.add(Figure("aamva_seconds_p95", sorted(seconds)[int(len(seconds) * 0.95)], "s"))


def speed(report: Report, settings: Settings) -> None:
    """CPU time of decoding, appraising, reading and checking against the command's on the same picture, one thread each."""
    with scratch() as folder, Probe("bench_document") as probe:
        files = [specimen(folder, kind, seed, level) for kind, seed, level in
                 [("aadhaar", 1, 0), ("aadhaar", 2, 2), ("pan", 3, 0), ("pan", 4, 2), ("passport", 5, 0), ("passport", 6, 1), ("driving_license", 7, 1),
                  ("voter_id", 8, 1), ("aadhaar_back", 9, 1)]]
        data = shared_data()
        if data and (data / "documents" / "india_synth").is_dir():
            files += sorted((data / "documents" / "india_synth").glob("*.jpg"))[::5]
        probe.ask(str(files[0]))  # loads the OCR models, as a server's worker thread did long ago
        ours: dict[Path, list[float]] = {f: [] for f in files}
        theirs: dict[Path, list[float]] = {f: [] for f in files}
        types_read: dict[Path, str] = {}
        for _ in range(settings.runs):
            for f in files:
                answer = probe.ask(str(f))
                ours[f].append(answer["cpu_ms"])
                types_read[f] = answer["type"]
                theirs[f].append(tesseract(f)[1] * 1000)
        a = [median(ours[f]) for f in files]
        b = [median(theirs[f]) for f in files]
        for f, x, y in zip(files, a, b, strict=True):
            note(f"{f.name:<40} read as {types_read[f]:<16} {x:7.0f} ms, tesseract {y:7.0f} ms of CPU")
        report.add(compared("upload_vs_tesseract", "CPU ms", a, b, "ratio <= 0.7"))
        report.add(Figure("upload_cpu_ms_p95", sorted(a)[int(len(a) * 0.95)], "ms", sorted(b)[int(len(b) * 0.95)]))
