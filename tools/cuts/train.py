"""Fits what tells a document that the picture's border cuts: src/engines/document/outline_cut_weights.inc and `kDecision` beside it.

    tools/cuts/train.py build/release/bin/bench_capture FIRST_SEED SEEDS     needs numpy; the build does not need this program

A net of one hidden layer weighs the traits of each candidate; a logistic regression on the best one's odds and on the best outline of a
whole document decides. The second is fitted, and its threshold set, on seeds that the first was not fitted on, in turn.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

KINDS = ("aadhaar", "pan", "passport", "driving_license", "voter_id")
SHAPES = 5
FOLDS = 4
HIDDEN = 12
ALARM = 0.01  # false alarms that the threshold allows among whole documents
LEAST_OFFSET = 1.0
ENGINE = Path(__file__).resolve().parents[2] / "src/engines/document"


def lines(seed: int) -> list[str]:
    out = []
    for i, kind in enumerate(KINDS):
        out += [f"none {kind} {level} {seed}" for level in (0, 1, 2, 4)]
        out += [f"scan {kind} 0 {seed}", f"scan {kind} {1 + seed % 2} {seed}"]
        out += [f"cut_off {kind} {level} {seed}" for level in (0, 1, 2)] + [f"cut_off {kind} 0 {seed + 500}"]
        out += [f"cut_corner {kind} {1 + (seed + i) % 2} {seed}", f"cut_little {kind} {(seed + i) % 3} {seed}"]
    return out + [f"absent pan 0 {10 * seed + i}" for i in range(3)]


def pictures(probe: str, seeds: range) -> list[dict]:
    out = []
    with subprocess.Popen([probe], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        for seed in seeds:
            for line in lines(seed):
                process.stdin.write(f"candidates {line}\n")
                process.stdin.flush()
                words = line.split()
                out.append(json.loads(process.stdout.readline()) | {"fault": words[0], "level": words[2], "fold": seed % FOLDS,
                                                                    "cut": words[0].startswith("cut"), "weight": 0.5 if words[0] == "absent" else 1.0})
        process.stdin.close()
    return out


def net_input(cut: list) -> np.ndarray:
    return np.concatenate([cut[4], np.eye(SHAPES)[cut[0]]])


def fit_net(rows: list[dict], epochs: int = 60, decay: float = 2e-5) -> tuple:
    """Adam on the cross entropy; a candidate of a cut card that is neither right nor clearly wrong is left out."""
    x, y, w = [], [], []
    for a in rows:
        for cut in a["cuts"]:
            right = a["cut"] and cut[1] >= 0.9
            if a["cut"] and not right and cut[1] >= 0.75:
                continue
            x.append(net_input(cut))
            y.append(float(right))
            w.append(a["weight"] if right or not a["cut"] else 0.3)
    x, y, w = np.array(x), np.array(y), np.array(w)
    dice = np.random.default_rng(0)
    mean, spread = x.mean(0), x.std(0) + 1e-6
    x = (x - mean) / spread
    n, inputs = x.shape
    net = [dice.normal(0, 1 / np.sqrt(inputs), (inputs, HIDDEN)), np.zeros(HIDDEN), dice.normal(0, 0.3, HIDDEN), np.array(0.0)]
    first, second, step = [np.zeros_like(p) for p in net], [np.zeros_like(p) for p in net], 0
    for epoch in range(epochs):
        order = dice.permutation(n)
        rate = 2e-3 * (1 + np.cos(np.pi * epoch / epochs)) + 1e-5
        for at in range(0, n, 512):
            k = order[at:at + 512]
            hidden = np.tanh(x[k] @ net[0] + net[1])
            odds = np.clip(hidden @ net[2] + net[3], -30, 30)
            slope = w[k] * (1 / (1 + np.exp(-odds)) - y[k]) / len(k)
            back = np.outer(slope, net[2]) * (1 - hidden * hidden)
            step += 1
            for j, g in enumerate((x[k].T @ back + decay * net[0], back.sum(0), hidden.T @ slope + decay * net[2], slope.sum())):
                first[j] = 0.9 * first[j] + 0.1 * g
                second[j] = 0.999 * second[j] + 0.001 * g**2
                net[j] = net[j] - rate * (first[j] / (1 - 0.9**step)) / (np.sqrt(second[j] / (1 - 0.999**step)) + 1e-8)
    return net[0] / spread[:, None], net[1] - (mean / spread) @ net[0], net[2], float(net[3])


def evidence(a: dict, net: tuple) -> list[float]:
    """As `likeliest_cut` has them."""
    if not a["cuts"]:
        return [-9.0] + [0.0] * 7
    odds = np.tanh(np.array([net_input(c) for c in a["cuts"]]) @ net[0] + net[1]) @ net[2] + net[3]
    best = int(odds.argmax())
    shape, _, within, overlap, _ = a["cuts"][best]
    ends = [float(shape == 4), float(shape == 0)]
    if not a["outlines"]:
        return [float(odds[best]), 0, 0, 0, 0, 0, *ends]
    score, aspect = a["outlines"][0][:2]
    off = min(abs(np.log(aspect / 1.586)), abs(np.log(aspect / 1.42)))
    return [float(odds[best]), score - 0.6, (score - 0.6) * np.exp(-0.5 * (off / 0.05) ** 2), 1.0, within, overlap, *ends]


def fit_decision(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> np.ndarray:
    x = np.hstack([np.ones((len(x), 1)), x])
    out = np.zeros(x.shape[1])
    ridge = np.eye(x.shape[1]) * 0.3
    ridge[0, 0] = 1e-6
    for _ in range(40):
        p = 1 / (1 + np.exp(-np.clip(x @ out, -30, 30)))
        out -= np.linalg.solve((x * (w * p * (1 - p) + 1e-9)[:, None]).T @ x + ridge, x.T @ (w * (p - y)) + ridge @ out)
    return out


def main() -> None:
    first, seeds = int(sys.argv[2]), int(sys.argv[3])
    with ThreadPoolExecutor(2) as pool:
        rows = sum(pool.map(lambda part: pictures(sys.argv[1], range(first + part, first + seeds, 2)), range(2)), [])
    held, x = [], []
    for fold in range(FOLDS):
        net = fit_net([a for a in rows if a["fold"] != fold])
        of = [a for a in rows if a["fold"] == fold]
        held += of
        x += [evidence(a, net) for a in of]
    x = np.array(x)
    decision = fit_decision(x, np.array([float(a["cut"]) for a in held]), np.array([a["weight"] for a in held]))
    odds = decision[0] + x @ decision[1:]
    whole = sorted(o for o, a in zip(odds, held, strict=True) if not a["cut"] and a["fault"] != "absent")
    decision[0] -= max(whole[int(len(whole) * (1 - ALARM))], LEAST_OFFSET)
    named = defaultdict(list)
    for o, a in zip(decision[0] + x @ decision[1:], held, strict=True):
        named[f"{a['fault']} {a['level']}"].append(o > 0)
    for what, hits in sorted(named.items()):
        print(f"{what:<14} {sum(hits)} of {len(hits)}")

    net = fit_net(rows)
    traits = len(rows[0]["cuts"][0][4])
    listed = lambda values: ", ".join(f"{v:.4g}" for v in values)  # noqa: E731
    table = lambda of: "".join("    {{" + listed(of[:, h]) + "}},\n" for h in range(HIDDEN))  # noqa: E731
    (ENGINE / "outline_cut_weights.inc").write_text(
        f"// Written by tools/cuts/train.py from the seeds {sys.argv[2]} and on, {sys.argv[3]} of them.\n"
        "constexpr std::array<std::array<double, kCutTraits>, kHidden> kTraitWeights{{\n" + table(net[0][:traits]) + "}};\n"
        "constexpr std::array<std::array<double, kCutShapes>, kHidden> kShapeWeights{{\n" + table(net[0][traits:]) + "}};\n"
        "constexpr std::array<double, kHidden> kHiddenBias{{" + listed(net[1]) + "}};\n"
        "constexpr std::array<double, kHidden> kOutWeights{{" + listed(net[2]) + "}};\n"
        f"constexpr double kOutBias = {net[3]:.4g};\n")
    source = ENGINE / "outline_cut.cpp"
    source.write_text(re.sub(r"kDecision\{[^}]*\};", "kDecision{" + ", ".join(f"{v:.3f}" for v in decision) + "};", source.read_text()))


main()
