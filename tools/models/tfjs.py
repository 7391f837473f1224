"""Reads TensorFlow.js graph models and weights manifests, and turns the graphs into ONNX.

Knows the operations that MediaPipe's face models use and refuses any other by name. Activations stay NCHW;
a transposition back to NHWC stands before each reshape that leaves the spatial layout.
"""

import array
import base64
import struct
import sys

from onnx_writer import Graph


class Tensor:
    def __init__(self, shape, values):
        self.shape, self.values = list(shape), values

    def hwio_to_oihw(self):
        h, w, i, o = self.shape
        out = array.array("f")
        for channel in range(o):
            plane = self.values[channel::o]
            for source in range(i):
                out.extend(plane[source::i])
        return Tensor([o, i, h, w], out)

    def depthwise(self):
        """HWCM filters of a depthwise convolution as those of a grouped one."""
        h, w, c, m = self.shape
        if m != 1:
            raise SystemExit("tfjs: depth multiplier other than 1")
        out = array.array("f")
        for channel in range(c):
            out.extend(self.values[channel::c])
        return Tensor([c, 1, h, w], out)

    def scaled_rows(self, factors):
        row = len(self.values) // self.shape[0]
        out = array.array("f")
        for index, factor in enumerate(factors):
            out.extend(v * factor for v in self.values[index * row:(index + 1) * row])
        return Tensor(self.shape, out)


def little_endian(code, data):
    values = array.array(code, data)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def read_weights(manifest, blobs):
    """Weights by name; float16 and affine uint8 quantisation are undone."""
    weights = {}
    for group, blob in zip(manifest, blobs):
        at = 0
        for entry in group["weights"]:
            count = 1
            for extent in entry["shape"]:
                count *= extent
            quantised = entry.get("quantization")
            stored = quantised["dtype"] if quantised else entry["dtype"]
            width = {"float32": 4, "int32": 4, "float16": 2, "uint8": 1}[stored]
            data = blob[at:at + count * width]
            if len(data) != count * width:
                raise SystemExit("tfjs: weights end early at " + entry["name"])
            at += count * width
            if stored == "float32":
                values = little_endian("f", data)
            elif stored == "int32":
                values = little_endian("i", data)
            elif stored == "float16":
                values = array.array("f", struct.unpack(f"<{count}e", data))
            else:
                table = [q * quantised["scale"] + quantised["min"] for q in range(256)]
                values = array.array("f", (table[q] for q in data))
            weights[entry["name"]] = Tensor(entry["shape"], values)
    return weights


class TfjsModel:
    def __init__(self, document, blob):
        self.nodes = {n["name"]: n for n in document["modelTopology"]["node"]}
        self.weights = read_weights(document["weightsManifest"], [blob])

    def to_onnx(self, name, source, outputs):
        """`outputs`: (node, (name, shape)) pairs; what they don't need is left out."""
        g = Graph(name)
        done, flat = {}, set()

        def weight(node, index):
            return self.weights[node["input"][index]]

        def attr(node, key):
            entry = node.get("attr", {}).get(key, {})
            if "s" in entry:
                return base64.b64decode(entry["s"]).decode()
            values = entry.get("list", {})
            return [int(i) for i in values["i"]] if "i" in values else [base64.b64decode(s).decode() for s in values.get("s", [])]

        def emit(node):
            op = node["op"]
            x = done[node["input"][0]] if op != "Placeholder" else None
            if op == "Placeholder":
                return g.input(*source)
            if op in ("_FusedConv2D", "DepthwiseConv2dNative"):
                deep = op == "DepthwiseConv2dNative"
                filters = weight(node, 1).depthwise() if deep else weight(node, 1).hwio_to_oihw()
                fused = [] if deep else attr(node, "fused_ops")
                bias = weight(node, 2).values if "BiasAdd" in fused else None
                strides = attr(node, "strides")
                kernel = filters.shape[2]
                same = attr(node, "padding") == "SAME" and kernel > 1
                y = g.conv(x, node["name"], filters, bias, kernel, strides[1], same=same, group=filters.shape[0] if deep else 1)
                for extra in fused:
                    if extra == "Relu":
                        y = g.relu(y)
                    elif extra == "Prelu":
                        y = g.prelu(y, node["name"] + "/slope", weight(node, 3).values)
                    elif extra != "BiasAdd":
                        raise SystemExit("tfjs: unknown fused operation " + extra)
                return y
            if op == "AddV2":
                return g.add(x, done[node["input"][1]])
            if op == "Relu":
                return g.relu(x)
            if op == "Sigmoid":
                return g.sigmoid(x)
            if op == "Prelu":
                return g.prelu(x, node["name"] + "/slope", weight(node, 1).values)
            if op == "MaxPool":
                if attr(node, "ksize")[1] != attr(node, "strides")[1]:
                    raise SystemExit("tfjs: overlapping pooling")
                return g.max_pool(x, attr(node, "ksize")[1], attr(node, "strides")[1])
            if op == "Pad":
                n, h, w, c = [list(weight(node, 1).values)[2 * i:2 * i + 2] for i in range(4)]
                if n + h + w != [0] * 6:
                    raise SystemExit("tfjs: padding of other axes than channels")
                return g.pad(x, [0, c[0], 0, 0, 0, c[1], 0, 0])
            if op == "ConcatV2":
                if list(weight(node, 2).values) != [3]:
                    raise SystemExit("tfjs: concatenation of other axes than channels")
                return g.concat_channels([x, done[node["input"][1]]])
            if op == "Reshape":
                flat.add(node["name"])
                shape = [1 if i == 0 else e for i, e in enumerate(weight(node, 1).values)]
                return g.reshape(g.to_nhwc(x), shape)
            if op == "Identity":
                if node["input"][0] in flat:
                    flat.add(node["name"])
                return x
            raise SystemExit("tfjs: unknown operation " + op)

        def visit(node_name):
            if node_name in done or self.nodes[node_name]["op"] == "Const":
                return
            for source_name in self.nodes[node_name].get("input", []):
                visit(source_name)
            done[node_name] = emit(self.nodes[node_name])

        sys.setrecursionlimit(10000)
        for node_name, _ in outputs:
            visit(node_name)
        for node_name, (output, shape) in outputs:
            value = done[node_name]
            if node_name not in flat:
                value = g.reshape(g.to_nhwc(value), shape)
            g.output(value, output, shape)
        return g.serialise()
