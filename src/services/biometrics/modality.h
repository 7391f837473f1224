#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/deadline.h"
#include "base/json.h"
#include "base/result.h"

namespace authx::biometrics {

/// How a sample's bytes are to be read.
struct Input {
  int position = 0;                   ///< finger or eye by ISO/IEC 19794; 0: as the file says, or unknown
  int dpi = 0;                        ///< 0: as the file says, or found from the picture
  int raw_width = 0, raw_height = 0;  ///< bare gray rows when not 0
};

struct Reason {
  std::string code;     ///< stable
  std::string message;  ///< a sentence for the person
};

/// What one picture gave.
struct Sample {
  int position = 0;
  double quality = 0;           ///< 0..1
  Bytes features;               ///< the engine's own template; empty when nothing could be found
  json::object measures;        ///< the measured parts of the quality
  std::vector<Reason> reasons;  ///< why the quality is low
  json::object attack_signals;  ///< of a presentation attack; not validated
};

struct Comparison {
  double score = 0;  ///< the engine's own scale
  double fmr = 1;    ///< share of comparisons of different people that score at least this much
  bool match = false;
};

/// A protected reference, opened.
class Protected {
 public:
  virtual ~Protected() = default;
};

/// A fresh sample, ready to be compared with protected references of its modality under the key that it was made with.
class ProtectedProbe {
 public:
  virtual ~ProtectedProbe() = default;
  virtual Comparison compare(const Protected& reference) const = 0;
};

/// A kind of biometric: what the service asks of an engine. Thread-safe, blocking, CPU-bound. A new kind is one
/// implementation and its line in `modalities()`.
class Modality {
 public:
  virtual ~Modality() = default;
  virtual std::string_view name() const = 0;   ///< as in the API
  virtual std::string_view model() const = 0;  ///< of the templates; samples of another model are captured anew
  virtual int positions() const = 0;           ///< highest position

  /// Looks at headers only. Error: validation when the bytes are no picture of a supported format.
  virtual Result<> probe(BytesView data, const Input& input) const = 0;
  /// One sample a picture. Errors: validation (unreadable), request_timeout.
  virtual Result<std::vector<Sample>> extract(BytesView data, const Input& input, const Deadline& deadline) const = 0;
  /// The best of all pairs, its false-match rate corrected for their number.
  virtual Result<Comparison> compare(std::span<const Bytes> probes, std::span<const Bytes> references, double target_fmr) const = 0;

  virtual Result<Bytes> protect(BytesView features, BytesView key) const = 0;
  virtual Result<std::unique_ptr<Protected>> load_protected(BytesView data) const = 0;
  virtual Result<std::unique_ptr<ProtectedProbe>> protected_probe(BytesView features, BytesView key) const = 0;
};

/// Those that this binary has an engine for.
std::span<const Modality* const> modalities();
const Modality* find_modality(std::string_view name);  ///< null when there is no engine

const Modality& fingerprint_modality();
const Modality& iris_modality();

}  // namespace authx::biometrics
