#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace authx::auth {

/// A list of passwords that are known to attackers, as a blocked Bloom filter in a file that is mapped, not loaded: 24 bits an entry,
/// 8 probes within one 64-byte block, about one wrong "known" in 5,000 (Putze, Sanders, Singler: Cache-, Hash- and Space-Efficient Bloom
/// Filters). Thread-safe.
///
/// File: "AXBREACH", u32 version 1, u32 zero, u64 entries, u64 blocks, 32 zero bytes, then the blocks; little-endian. Keys are the first
/// 16 bytes of SHA-1 of the password, so that public lists of SHA-1 hashes can be used.
class BreachedList {
 public:
  /// Error: unavailable, with the reason.
  static Result<std::shared_ptr<const BreachedList>> open(const std::string& path);
  ~BreachedList();
  BreachedList(const BreachedList&) = delete;
  BreachedList& operator=(const BreachedList&) = delete;

  bool contains(std::string_view password) const;
  std::uint64_t entries() const noexcept { return entries_; }

  /// Makes such a file from a list with a password or a hexadecimal SHA-1 (and perhaps ":count") on each line. Reads the list twice and
  /// needs memory for the filter alone. Returns the number of entries. Replaces `out` at once when it is whole.
  static Result<std::uint64_t> build(const std::string& list, const std::string& out);

 private:
  BreachedList() = default;
  void* map_ = nullptr;
  std::size_t size_ = 0;
  std::uint64_t entries_ = 0, blocks_ = 0;
  const std::uint64_t* words_ = nullptr;
};

}  // namespace authx::auth
