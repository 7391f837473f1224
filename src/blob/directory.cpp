#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/encoding.h"
#include "base/random.h"
#include "blob/blob.h"
#include "crypto/gcm.h"
#include "crypto/hash.h"

namespace authx::blob {
namespace {

constexpr std::string_view kMagic = "AXB1";
constexpr std::size_t kSaltSize = 32;
constexpr std::size_t kHeaderSize = kMagic.size() + kSaltSize;
constexpr std::size_t kChunk = 64 * 1024;
constexpr std::size_t kSealedChunk = kChunk + crypto::kGcmTagSize;
constexpr std::size_t kPrefixSize = 7;
constexpr std::size_t kMaxObject = std::size_t{4} << 30;
constexpr std::uint64_t kLeastSpace = std::uint64_t{64} << 20;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_;
};

Error failed(std::string_view what, int error) {
  return Error{Errc::unavailable, fmt::format("object store: {}: {}", what, std::strerror(error))};
}

Error does_not_open() { return Error{Errc::internal, "object does not open"}; }

bool valid_name(std::string_view name) {
  return !name.empty() && name.size() <= 80 &&
         std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

/// One object's key and nonces: never used for another name, and, by the salt, never for another writing of the same name.
class Stream {
 public:
  Stream(const crypto::Key& owner, std::string_view name, BytesView header) {
    const auto info = to_bytes(fmt::format("authx.object.v1:{}", name));
    const auto derived = crypto::hkdf_sha256(owner.expose(), header, info, crypto::kKeySize + kPrefixSize);
    const BytesView all{derived.expose()};
    const auto key = all.first(crypto::kKeySize);
    key_ = crypto::Key{Bytes{key.begin(), key.end()}};
    std::ranges::copy(all.last(kPrefixSize), nonce_.begin());
  }
  void seal(std::uint32_t number, bool last, BytesView plain, std::uint8_t* out) {
    crypto::gcm_seal(key_, nonce(number, last), plain, {}, out);
  }
  bool open(std::uint32_t number, bool last, BytesView sealed, std::uint8_t* out) {
    return crypto::gcm_open(key_, nonce(number, last), sealed, {}, out);
  }

 private:
  const crypto::GcmNonce& nonce(std::uint32_t number, bool last) {
    for (int i = 0; i < 4; ++i) nonce_[kPrefixSize + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
    nonce_.back() = last ? 1 : 0;
    return nonce_;
  }
  crypto::Key key_;
  crypto::GcmNonce nonce_{};
};

Result<> write_all(int fd, BytesView data) {
  while (!data.empty()) {
    const ssize_t n = ::write(fd, data.data(), data.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return failed("writing", n < 0 ? errno : ENOSPC);
    data = data.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

Result<Bytes> read_all(int fd) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) return failed("examining", errno);
  if (!S_ISREG(info.st_mode) || info.st_size < 0 || static_cast<std::size_t>(info.st_size) > kMaxObject + (kMaxObject >> 8))
    return does_not_open();
  Bytes data(static_cast<std::size_t>(info.st_size));
  std::size_t done = 0;
  while (done < data.size()) {
    const ssize_t n = ::read(fd, data.data() + done, data.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("reading", errno);
    if (n == 0) return does_not_open();
    done += static_cast<std::size_t>(n);
  }
  return data;
}

Result<> sync_directory(const std::string& path) {
  const Descriptor dir{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!dir || ::fsync(dir.get()) != 0) return failed("syncing a folder", errno);
  return {};
}

/// Makes the folder unless it is there. True: made now.
Result<bool> make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return true;
  if (errno == EEXIST) return false;
  return failed("making a folder", errno);
}

std::vector<std::string> entries(const std::string& path) {
  std::vector<std::string> out;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir{::opendir(path.c_str()), ::closedir};
  if (!dir) return out;
  while (const auto* entry = ::readdir(dir.get())) out.emplace_back(entry->d_name);
  return out;
}

class Directory final : public Store {
 public:
  explicit Directory(std::string root) : root_(std::move(root)), pending_(root_ + "/pending") {}

  /// A crash leaves files in `pending`. A living writer holds a lock on its file; who gets the lock finds it abandoned.
  void sweep() const {
    for (const auto& entry : entries(pending_)) {
      if (!valid_name(entry)) continue;
      const auto path = pending_ + "/" + entry;
      const Descriptor file{::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC)};
      if (file && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0) ::unlink(path.c_str());
    }
  }

  Result<> put(std::string_view name, BytesView plain, const crypto::Key& key) override {
    if (!valid_name(name)) return Error{Errc::internal, "object name"};
    if (key.expose().size() != crypto::kKeySize) return Error{Errc::internal, "object key"};
    if (plain.size() > kMaxObject) return Errc::payload_too_large;
    AX_TRY(const auto file, Pending::make(pending_));
    AX_CHECK(write_sealed(file.fd(), name, plain, key));
    if (::fsync(file.fd()) != 0) return failed("syncing", errno);
    const auto folder = folder_of(name);
    AX_TRY(const bool made, make_directory(folder));
    if (::rename(file.path().c_str(), path_of(name).c_str()) != 0) return failed("moving into place", errno);
    AX_CHECK(sync_directory(folder));
    if (made) AX_CHECK(sync_directory(root_));
    return {};
  }

  Result<Bytes> get(std::string_view name, const crypto::Key& key) override {
    if (!valid_name(name)) return Error{Errc::internal, "object name"};
    if (key.expose().size() != crypto::kKeySize) return Error{Errc::internal, "object key"};
    const Descriptor file{::open(path_of(name).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
    if (!file) return errno == ENOENT ? Error{Errc::not_found} : failed("opening", errno);
    AX_TRY(const auto data, read_all(file.get()));
    return open_sealed(name, data, key);
  }

  Result<> remove(std::string_view name) override {
    if (!valid_name(name)) return Error{Errc::internal, "object name"};
    if (::unlink(path_of(name).c_str()) != 0) {
      if (errno == ENOENT) return {};
      return failed("removing", errno);
    }
    return sync_directory(folder_of(name));
  }

  Result<std::vector<std::string>> list() override {
    std::vector<std::string> names;
    for (const auto& folder : entries(root_)) {
      if (folder.size() != 2 || !hex_decode(folder)) continue;
      for (auto& entry : entries(root_ + "/" + folder)) {
        if (valid_name(entry) && folder_of(entry).ends_with("/" + folder)) names.push_back(std::move(entry));
      }
    }
    return names;
  }

  Result<> ping() override {
    struct statvfs space{};
    if (::statvfs(root_.c_str(), &space) != 0) return failed("examining the file system", errno);
    if (std::uint64_t{space.f_bavail} * space.f_frsize < kLeastSpace)
      return Error{Errc::unavailable, "object store: less than 64 MiB left"};
    AX_TRY(const auto file, Pending::make(pending_));
    return write_all(file.fd(), as_bytes("ping"));
  }

 private:
  /// A locked file in `pending`, gone with this object unless it was renamed away.
  class Pending {
   public:
    static Result<Pending> make(const std::string& folder) {
      for (;;) {
        std::array<std::uint8_t, 16> random{};
        random_bytes(random);
        Pending out;
        out.path_ = folder + "/" + hex_encode(random);
        out.file_ = Descriptor{::open(out.path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
        if (!out.file_) return failed("making a file", errno);
        if (::flock(out.fd(), LOCK_EX) != 0) return failed("locking", errno);
        struct stat info{};
        // A sweep in another process may have come between making and locking.
        if (::fstat(out.fd(), &info) == 0 && info.st_nlink == 1) return out;
      }
    }
    Pending(Pending&& other) noexcept : path_(std::exchange(other.path_, {})), file_(std::move(other.file_)) {}
    Pending& operator=(Pending&&) = delete;
    ~Pending() {
      if (!path_.empty() && file_) ::unlink(path_.c_str());
    }
    int fd() const noexcept { return file_.get(); }
    const std::string& path() const noexcept { return path_; }

   private:
    Pending() = default;
    std::string path_;
    Descriptor file_;
  };

  static Result<> write_sealed(int fd, std::string_view name, BytesView plain, const crypto::Key& key) {
    Bytes header(kHeaderSize);
    std::ranges::copy(kMagic, header.begin());
    random_bytes(std::span{header}.subspan(kMagic.size()));
    AX_CHECK(write_all(fd, header));
    Stream stream{key, name, header};
    Bytes sealed(std::min(plain.size(), kChunk) + crypto::kGcmTagSize);
    for (std::uint32_t number = 0;; ++number) {
      const bool last = plain.size() <= kChunk;
      const auto part = plain.first(std::min(plain.size(), kChunk));
      stream.seal(number, last, part, sealed.data());
      AX_CHECK(write_all(fd, BytesView{sealed}.first(part.size() + crypto::kGcmTagSize)));
      if (last) return {};
      plain = plain.subspan(part.size());
    }
  }

  static Result<Bytes> open_sealed(std::string_view name, BytesView data, const crypto::Key& key) {
    if (data.size() < kHeaderSize + crypto::kGcmTagSize || as_text(data.first(kMagic.size())) != kMagic) return does_not_open();
    Stream stream{key, name, data.first(kHeaderSize)};
    data = data.subspan(kHeaderSize);
    const std::size_t chunks = (data.size() + kSealedChunk - 1) / kSealedChunk;
    if (data.size() < chunks * crypto::kGcmTagSize) return does_not_open();
    Bytes plain(data.size() - chunks * crypto::kGcmTagSize);
    std::size_t done = 0;
    for (std::uint32_t number = 0;; ++number) {
      const bool last = data.size() <= kSealedChunk;
      const auto part = data.first(std::min(data.size(), kSealedChunk));
      if (part.size() < crypto::kGcmTagSize || !stream.open(number, last, part, plain.data() + done)) {
        if (!plain.empty()) wipe(plain.data(), plain.size());  // the chunks before were genuine, the object is not
        return does_not_open();
      }
      if (last) return plain;
      done += part.size() - crypto::kGcmTagSize;
      data = data.subspan(part.size());
    }
  }

  std::string folder_of(std::string_view name) const {
    return root_ + "/" + hex_encode(BytesView{crypto::sha256(as_bytes(name))}.first(1));
  }
  std::string path_of(std::string_view name) const { return folder_of(name) + "/" + std::string{name}; }

  const std::string root_;
  const std::string pending_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_directory(const std::string& root) {
  if (root.empty() || root.find('\0') != std::string::npos) return Error{Errc::unavailable, "object store: no folder named"};
  for (std::size_t at = root.find('/', 1);; at = root.find('/', at + 1)) {
    AX_CHECK(make_directory(root.substr(0, at)));
    if (at == std::string::npos) break;
  }
  AX_CHECK(make_directory(root + "/pending"));
  AX_CHECK(sync_directory(root));
  auto store = std::make_unique<Directory>(root);
  AX_CHECK(store->ping());
  store->sweep();
  return std::unique_ptr<Store>{std::move(store)};
}

}  // namespace authx::blob
