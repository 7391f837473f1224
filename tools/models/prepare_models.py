#!/usr/bin/env python3
"""Prepares AuthX's default face models from the npm packages that carry them.

Needs Python's standard library and `npm`. The packages are fetched with `npm pack` (no script of theirs
runs), checked against the SHA-512 below and read as archives, never unpacked. The conversion uses no
third-party code, so the same input gives the same bytes everywhere; every file's SHA-256 is pinned here
and checked after writing. Takes seconds; nothing is done when the output folder is already right.

  prepare_models.py [--out DIR] [--packages DIR]

--packages names a folder that already holds the two .tgz files, for machines without a registry.
Exit code 0: the folder holds the models; 1: it does not, and standard error says why.
"""

import argparse
import base64
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile

from onnx_writer import Graph
from tfjs import TfjsModel, read_weights

HUMAN = {
    "spec": "@vladmandic/human@3.3.6",
    "file": "vladmandic-human-3.3.6.tgz",
    "sha512": "Nr5mPfq1gQ+uKeXY5uM3Fj8UxvF5CEh2s6txM5wRThqaW0mF9huooOuZSrT8hhGho0hGaXLFdAwfD/2+teCv6A==",
}
FACE_API = {
    "spec": "@vladmandic/face-api@1.7.15",
    "file": "vladmandic-face-api-1.7.15.tgz",
    "sha512": "WDMmK3CfNLo8jylWqMoQgf4nIst3M0fzx1dnac96wv/dvMTN4DxC/Pq1DGtduDk1lktCamQ3MIDXFnvrdHTXDw==",
}

MEDIAPIPE = "Apache-2.0 (weights: MediaPipe), MIT (packaging)"
MODELS = [
    {
        "name": "blazeface", "role": "detector", "file": "blazeface_256.onnx", "package": HUMAN, "licence": MEDIAPIPE,
        "sha256": "93ba28d9b4a11a772b8b8786ef2ce9cd64cbc97f054d7e72232c9ce170dd8deb",
        "input": ["input", [1, 3, 256, 256]],
        "outputs": [["scores_16", [1, 512, 1]], ["scores_8", [1, 384, 1]], ["regressors_16", [1, 512, 16]], ["regressors_8", [1, 384, 16]]],
        "normalisation": "RGB, x/127.5 - 1",
    },
    {
        "name": "facemesh", "role": "mesh", "file": "facemesh_192.onnx", "package": HUMAN, "licence": MEDIAPIPE,
        "sha256": "883e1e49521b33ec4f841d039ccc202e5f49b26368dba05039543d1d4e1e990f",
        "input": ["input", [1, 3, 192, 192]],
        "outputs": [["mesh", [1, 1404]], ["presence", [1, 1]]],
        "normalisation": "RGB, x/255",
    },
    {
        "name": "iris", "role": "iris", "file": "iris_64.onnx", "package": HUMAN, "licence": MEDIAPIPE,
        "sha256": "104741e8799b333b4def3adda2447e0b294d3e58d06128df1184d444f5f4b28c",
        "input": ["input", [1, 3, 64, 64]],
        "outputs": [["eye_and_iris", [1, 228]]],
        "normalisation": "RGB, x/255",
    },
    {
        "name": "dlib-resnet34", "role": "embedding", "file": "dlib_resnet_150.onnx", "package": FACE_API,
        "licence": "CC0-1.0 (weights: dlib), MIT (packaging)",
        "sha256": "12cfdad5e6fb3da41bda559a59ed5743db38f92709f8ea7d1e83305142e4f35e",
        "input": ["input", [1, 3, 150, 150]],
        "outputs": [["embedding", [1, 128]]],
        "normalisation": "RGB, (x - (122.782, 117.001, 104.298))/256",
    },
]


def sha256_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def up_to_date(out):
    return (out / "manifest.json").is_file() and all(
        (out / m["file"]).is_file() and sha256_of(out / m["file"]) == m["sha256"] for m in MODELS
    ) and (out / "manifest.json").read_text() == manifest_text()


def manifest_text():
    models = [
        {
            "id": f'{m["name"]}@{m["sha256"][:8]}', "role": m["role"], "file": m["file"], "sha256": m["sha256"],
            "licence": m["licence"], "source": "npm " + m["package"]["spec"], "commercial_use": True,
            "normalisation": m["normalisation"],
            "input": {"name": m["input"][0], "shape": m["input"][1]},
            "outputs": [{"name": n, "shape": s} for n, s in m["outputs"]],
        }
        for m in MODELS
    ]
    return json.dumps({"format": 1, "pack": "default", "models": models}, indent=2) + "\n"


def fetch(package, given, scratch):
    path = pathlib.Path(given) / package["file"] if given else scratch / package["file"]
    if not path.is_file():
        if given:
            raise SystemExit(f"prepare_models: {path} is missing")
        print(f"  fetching {package['spec']}", file=sys.stderr)
        done = subprocess.run(["npm", "pack", package["spec"], "--ignore-scripts", "--silent", "--pack-destination", str(scratch)],
                              cwd=scratch, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0 or not path.is_file():
            raise SystemExit(f"prepare_models: npm pack {package['spec']} failed\n{done.stderr}")
    digest = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    if digest != package["sha512"]:
        raise SystemExit(f"prepare_models: {path.name} is not the pinned {package['spec']} (SHA-512 differs)")
    return path


def member(archive, name):
    return archive.extractfile("package/" + name).read()


def convert_graph(model, archive):
    stem = "models/" + model["name"]
    source = TfjsModel(json.loads(member(archive, stem + ".json")), member(archive, stem + ".bin"))
    wanted = {
        "blazeface": ["Identity", "Identity_1", "Identity_2", "Identity_3"],
        "facemesh": ["Identity_2", "Identity_1"],
        "iris": ["Identity"],
    }[model["name"]]
    return source.to_onnx(model["name"], model["input"], list(zip(wanted, model["outputs"])))


def convert_dlib(model, archive):
    """dlib's face_recognition_resnet_model_v1 (29 convolutions), with its per-channel scales folded into the filters."""
    stem = "model/face_recognition_model"
    weights = read_weights(json.loads(member(archive, stem + "-weights_manifest.json")), [member(archive, stem + ".bin")])
    g = Graph(model["name"])
    x, size, channels = g.input(*model["input"]), 150, 3

    def conv(x, name, stride, pad):
        filters, bias = weights[name + "/conv/filters"], weights[name + "/conv/bias"]
        scale, shift = weights[name + "/scale/weights"], weights[name + "/scale/biases"]
        kernel = filters.shape[0]
        folded = filters.hwio_to_oihw().scaled_rows(scale.values)
        offset = [b * s + t for b, s, t in zip(bias.values, scale.values, shift.values)]
        return g.conv(x, name, folded, offset, kernel=kernel, stride=stride, pads=[pad] * 4)

    def residual(x, name):
        y = g.relu(conv(x, name + "/conv1", 1, 1))
        return g.relu(g.add(conv(y, name + "/conv2", 1, 1), x))

    def residual_down(x, name, size, channels):
        y = g.relu(conv(x, name + "/conv1", 2, 0))
        y = conv(y, name + "/conv2", 1, 1)
        out, pooled = (size - 3) // 2 + 1, size // 2
        more = weights[name + "/conv2/conv/filters"].shape[3]
        x = g.average_pool(x, 2, 2)
        if pooled != out:
            y = g.pad(y, [0, 0, 0, 0, 0, 0, pooled - out, pooled - out])
        if more != channels:
            x = g.pad(x, [0, 0, 0, 0, 0, more - channels, 0, 0])
        return g.relu(g.add(y, x)), pooled, more

    x, size, channels = g.relu(conv(x, "conv32_down", 2, 0)), 72, 32
    x, size = g.max_pool(x, 3, 2), 35
    for name in ["conv32_1", "conv32_2", "conv32_3", "conv64_down", "conv64_1", "conv64_2", "conv64_3", "conv128_down",
                 "conv128_1", "conv128_2", "conv256_down", "conv256_1", "conv256_2", "conv256_down_out"]:
        if "_down" in name:
            x, size, channels = residual_down(x, name, size, channels)
        else:
            x = residual(x, name)
    x = g.reshape(g.global_average_pool(x), [1, 256])
    g.output(g.matmul(x, "fc", weights["fc"]), *model["outputs"][0])
    return g.serialise()


def main():
    here = pathlib.Path(__file__).resolve().parent
    args = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    args.add_argument("--out", type=pathlib.Path, default=here.parents[1] / ".deps" / "models" / "default")
    args.add_argument("--packages", help="folder that holds the two npm archives")
    args.add_argument("--print-hashes", action="store_true", help="print the files' SHA-256 instead of checking them")
    args = args.parse_args()
    if not args.print_hashes and up_to_date(args.out):
        return 0
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        archives = {p["file"]: tarfile.open(fetch(p, args.packages, scratch)) for p in (HUMAN, FACE_API)}
        for m in MODELS:
            convert = convert_dlib if m["role"] == "embedding" else convert_graph
            data = convert(m, archives[m["package"]["file"]])
            digest = hashlib.sha256(data).hexdigest()
            if args.print_hashes:
                print(digest, m["file"])
            elif digest != m["sha256"]:
                print(f"prepare_models: {m['file']} came out as {digest}, not as pinned", file=sys.stderr)
                return 1
            part = args.out / (m["file"] + ".part")
            part.write_bytes(data)
            os.replace(part, args.out / m["file"])
            print(f"  {m['file']}", file=sys.stderr)
    (args.out / "manifest.json").write_text(manifest_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
