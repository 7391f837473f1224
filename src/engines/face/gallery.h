#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/uuid.h"

namespace authx::face {

struct GalleryOptions {
  /// The file to map, made when absent. Empty: memory that goes with the object.
  std::string path;
  /// Names what makes embeddings comparable: the model, the key they are protected with, whose they are. A file of another
  /// space is emptied, not read.
  std::string space;
  std::size_t dimension = 0;  ///< 1..4096
};

struct GalleryHit {
  Uuid id;
  double similarity = 0;  ///< cosine of the full-precision vectors, -1..1
};

/// Face embeddings for exact search of one against all.
///
/// Each is kept twice: as 8-bit codes, which a search reads from end to end at the memory's speed, and in full. The length of
/// what the codes lost bounds the error of every product (Cauchy-Schwarz), so that comparing in full whatever could still be
/// among the best gives what comparing everything in full gives; a test holds it to that.
///
/// In a mapped file: after a crash of the process it holds every `put` and `remove` that returned, and a row that was being
/// written is not there. After a crash of the machine it begins empty. `sequence` is the owner's, to know what it misses.
/// The file is not encrypted: put only protected templates (protect.h) into it. Thread-safe: searches run beside each other.
class Gallery {
 public:
  /// Errors: conflict (another process has the file open), unavailable (the file cannot be made or mapped), validation.
  static Result<std::unique_ptr<Gallery>> open(const GalleryOptions& options);
  virtual ~Gallery() = default;

  /// Adds or replaces. `version` is the caller's, given back by `versions`. Errors: validation (dimension; no finite direction),
  /// unavailable (no room).
  virtual Result<> put(const Uuid& id, std::uint64_t version, std::span<const float> values) = 0;
  /// Overwrites what it held. False when it was not there.
  virtual bool remove(const Uuid& id) = 0;
  virtual void clear() = 0;

  /// The at most `count` most similar that reach `least`, best first; of equal ones the smaller id first.
  /// Errors: validation as `put`.
  virtual Result<std::vector<GalleryHit>> search(std::span<const float> probe, std::size_t count, double least) const = 0;

  struct Version {
    Uuid id;
    std::uint64_t version = 0;
  };
  virtual std::vector<Version> versions() const = 0;
  virtual std::size_t size() const = 0;
  virtual std::size_t bytes_scanned() const = 0;  ///< by one search

  virtual std::uint64_t sequence() const = 0;
  virtual void set_sequence(std::uint64_t sequence) = 0;

 protected:
  Gallery() = default;
  Gallery(const Gallery&) = default;
  Gallery& operator=(const Gallery&) = default;
};

}  // namespace authx::face
