"""Writes ONNX models (opset 10, NCHW, float32) with nothing but the standard library.

Serialises protobuf by hand (onnx.proto3's field numbers), fields in ascending order, so the bytes depend on
the graph alone and on no library's version.
"""

import array
import struct
import sys

FLOAT, INT64 = 1, 7


def varint(n):
    out = bytearray()
    n &= (1 << 64) - 1
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def integer(field, n):
    return varint(field << 3) + varint(n)


def text(field, value):
    data = value if isinstance(value, (bytes, bytearray)) else value.encode()
    return varint(field << 3 | 2) + varint(len(data)) + bytes(data)


def floats_to_bytes(values):
    data = values if isinstance(values, array.array) else array.array("f", values)
    if sys.byteorder == "big":
        data = array.array("f", data)
        data.byteswap()
    return data.tobytes()


def attribute(name, value):
    if isinstance(value, int):
        return text(1, name) + integer(3, value) + integer(20, 2)
    if isinstance(value, float):
        return text(1, name) + varint(2 << 3 | 5) + struct.pack("<f", value) + integer(20, 1)
    if isinstance(value, str):
        return text(1, name) + text(4, value) + integer(20, 3)
    return text(1, name) + b"".join(integer(8, v) for v in value) + integer(20, 7)


def tensor(name, dims, kind, data):
    return b"".join(integer(1, d) for d in dims) + integer(2, kind) + text(8, name) + text(9, data)


def value_info(name, dims):
    shape = b"".join(text(1, integer(1, d)) for d in dims)
    return text(1, name) + text(2, text(1, integer(1, FLOAT) + text(2, shape)))


class Graph:
    """Nodes are named t0, t1, ... in the order of creation; each method returns its result's name."""

    def __init__(self, name):
        self.name, self.nodes, self.initializers, self.inputs, self.outputs, self.count = name, [], [], [], [], 0

    def node(self, op, inputs, result=None, **attributes):
        if result is None:
            result = f"t{self.count}"
            self.count += 1
        body = b"".join(text(1, i) for i in inputs) + text(2, result) + text(4, op)
        body += b"".join(text(5, attribute(k, attributes[k])) for k in sorted(attributes))
        self.nodes.append(body)
        return result

    def constant(self, name, dims, values):
        self.initializers.append(tensor(name, dims, FLOAT, floats_to_bytes(values)))
        return name

    def input(self, name, shape):
        self.inputs.append(value_info(name, shape))
        return name

    def output(self, value, name, shape):
        self.node("Identity", [value], result=name)
        self.outputs.append(value_info(name, shape))

    def conv(self, x, name, filters, bias, kernel, stride, pads=None, same=False, group=1):
        inputs = [x, self.constant(name + "/w", filters.shape, filters.values)]
        if bias is not None:
            inputs.append(self.constant(name + "/b", [len(bias)], bias))
        padding = {"auto_pad": "SAME_UPPER"} if same else {"pads": pads or [0, 0, 0, 0]}
        return self.node("Conv", inputs, kernel_shape=[kernel, kernel], strides=[stride, stride], group=group, **padding)

    def relu(self, x): return self.node("Relu", [x])
    def sigmoid(self, x): return self.node("Sigmoid", [x])
    def add(self, a, b): return self.node("Add", [a, b])
    def prelu(self, x, name, slope): return self.node("PRelu", [x, self.constant(name, [len(slope), 1, 1], slope)])
    def pad(self, x, pads): return self.node("Pad", [x], mode="constant", pads=pads, value=0.0)
    def max_pool(self, x, kernel, stride): return self.node("MaxPool", [x], kernel_shape=[kernel, kernel], strides=[stride, stride])
    def average_pool(self, x, kernel, stride): return self.node("AveragePool", [x], kernel_shape=[kernel, kernel], strides=[stride, stride])
    def global_average_pool(self, x): return self.node("GlobalAveragePool", [x])
    def to_nhwc(self, x): return self.node("Transpose", [x], perm=[0, 2, 3, 1])
    def concat_channels(self, parts): return self.node("Concat", parts, axis=1)

    def matmul(self, x, name, weights):
        return self.node("MatMul", [x, self.constant(name, weights.shape, weights.values)])

    def reshape(self, x, shape):
        name = f"shape{self.count}"
        self.initializers.append(tensor(name, [len(shape)], INT64, struct.pack(f"<{len(shape)}q", *shape)))
        return self.node("Reshape", [x, name])

    def serialise(self):
        graph = b"".join(text(1, n) for n in self.nodes) + text(2, self.name)
        graph += b"".join(text(5, t) for t in self.initializers)
        graph += b"".join(text(11, v) for v in self.inputs) + b"".join(text(12, v) for v in self.outputs)
        return integer(1, 5) + text(2, "authx") + text(7, graph) + text(8, text(1, "") + integer(2, 10))
