#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace authx::http {

/// Where an upload gathers: in memory up to 256 KiB, beyond that in an unnamed file of the spool folder, which the kernel
/// frees with the last handle, so that neither a crash nor a forgotten clean-up leaves an image behind.
class SpooledFile {
 public:
  explicit SpooledFile(std::string folder) : folder_(std::move(folder)) {}
  ~SpooledFile();
  SpooledFile(const SpooledFile&) = delete;
  SpooledFile& operator=(const SpooledFile&) = delete;

  Result<> append(BytesView bytes);
  std::size_t size() const noexcept { return size_; }
  /// All of it; a file is mapped. Valid until the next `append` or the end of this object.
  BytesView bytes();

 private:
  std::string folder_;
  Bytes memory_;
  int fd_ = -1;
  void* map_ = nullptr;
  std::size_t mapped_ = 0;
  std::size_t size_ = 0;
};

}  // namespace authx::http
