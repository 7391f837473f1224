#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "inference/model.h"

namespace authx::inference::onnx {

/// Reads the outer structure of an ONNX file (protobuf wire format; field numbers of onnx.proto3) without a
/// runtime, so that a damaged or foreign file is named as such before any runtime parses it.
/// Refuses models of several inputs, of other inputs than float, and with weights in other files.
/// Errors: validation on field "model".
Result<Contract> inspect(BytesView file);

/// Whether `Sub` and `Mul` stand among the first eight operations: InsightFace's own rule for models that
/// normalise their input themselves. Errors: validation.
Result<bool> normalises_input(BytesView file);

/// The same file with the input's extents fixed to `shape` and outputs' shapes left to the runtime.
/// Errors: validation.
Result<Bytes> with_input_shape(BytesView file, const Shape& shape);

}  // namespace authx::inference::onnx
