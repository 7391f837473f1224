#include "http/spooled_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace authx::http {
namespace {

constexpr std::size_t kInMemory = 256 * 1024;

}  // namespace

SpooledFile::~SpooledFile() {
  if (map_ != nullptr) ::munmap(map_, mapped_);
  if (fd_ >= 0) ::close(fd_);
}

Result<> SpooledFile::append(BytesView bytes) {
  if (fd_ < 0 && size_ + bytes.size() <= kInMemory) {
    memory_.insert(memory_.end(), bytes.begin(), bytes.end());
    size_ += bytes.size();
    return {};
  }
  const auto write_all = [this](BytesView data) {
    while (!data.empty()) {
      const ssize_t n = ::write(fd_, data.data(), data.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      data = data.subspan(static_cast<std::size_t>(n));
    }
    return true;
  };
  if (fd_ < 0) {
    fd_ = ::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd_ < 0) return Error{Errc::unavailable, "cannot spool an upload"};
    if (!write_all(memory_)) return Error{Errc::unavailable, "cannot spool an upload: disk full?"};
    memory_ = {};
  }
  if (map_ != nullptr) {
    ::munmap(map_, mapped_);
    map_ = nullptr;
  }
  if (!write_all(bytes)) return Error{Errc::unavailable, "cannot spool an upload: disk full?"};
  size_ += bytes.size();
  return {};
}

BytesView SpooledFile::bytes() {
  if (fd_ < 0) return memory_;
  if (map_ == nullptr) {
    void* map = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd_, 0);
    if (map == MAP_FAILED) return {};
    map_ = map;
    mapped_ = size_;
  }
  return {static_cast<const std::uint8_t*>(map_), size_};
}

}  // namespace authx::http
