#include "crypto/keyring.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/encoding.h"
#include "base/random.h"
#include "crypto/evp.h"
#include "crypto/hash.h"

namespace authx::crypto {
namespace {

constexpr std::size_t kMaxFile = 64 * 1024;

SecretBytes random_secret() {
  Bytes raw(kKeySize);
  random_bytes(raw);
  return SecretBytes{std::move(raw)};
}

std::string labelled(std::string_view label, std::string_view purpose) {
  std::string info{label};
  info += ':';
  info += purpose;
  return info;
}

std::array<std::uint8_t, 4> be32(std::uint32_t v) {
  return {static_cast<std::uint8_t>(v >> 24), static_cast<std::uint8_t>(v >> 16), static_cast<std::uint8_t>(v >> 8),
          static_cast<std::uint8_t>(v)};
}

Bytes wrap_context(std::uint32_t version, std::string_view context) {
  Bytes out = to_bytes("authx.wrap.v1:");
  const auto v = be32(version);
  out.insert(out.end(), v.begin(), v.end());
  out.insert(out.end(), context.begin(), context.end());
  return out;
}

std::optional<std::uint32_t> version_of(BytesView wrapped) {
  if (wrapped.size() < 4) return std::nullopt;
  return (std::uint32_t{wrapped[0]} << 24) | (std::uint32_t{wrapped[1]} << 16) | (std::uint32_t{wrapped[2]} << 8) | wrapped[3];
}

Error file_error(const std::string& path, std::string_view what, int error = 0) {
  std::string detail = "key file ";
  detail += path;
  detail += ": ";
  detail += what;
  if (error != 0) {
    detail += ": ";
    detail += std::strerror(error);
  }
  return Error{Errc::unavailable, std::move(detail)};
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

Result<SecretText> read_guarded(const std::string& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.get() < 0) return file_error(path, "can't be opened", errno);
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return file_error(path, "can't be examined", errno);
  if (!S_ISREG(info.st_mode)) return file_error(path, "is not a regular file");
  if ((info.st_mode & (S_IRWXO | S_IWGRP)) != 0) return file_error(path, "is open to other users; set its mode to 0600");
  if (info.st_uid != ::geteuid() && info.st_uid != 0) return file_error(path, "belongs to another user");
  // One buffer of the final size: growth would leave copies of the keys in freed memory.
  std::string text(kMaxFile + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t n = ::read(file.get(), text.data() + size, text.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return file_error(path, "can't be read", errno);
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  if (size > kMaxFile) return file_error(path, "is too large");
  text.resize(size);
  return SecretText{std::move(text)};
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view space = " \t\r";
  const auto first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

struct Secrets {
  std::map<std::uint32_t, SecretBytes> masters;
  SecretBytes root;
};

Result<Secrets> parse(const std::string& path, std::string_view text) {
  Secrets out;
  int number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = text.find('\n');
    const auto line = trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.starts_with('#')) continue;
    const auto bad = [&](std::string_view what) { return file_error(path, fmt::format("line {}: {}", number, what)); };
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) return bad("is not `name = value`");
    const auto name = trim(line.substr(0, equals));
    auto decoded = base64_decode(trim(line.substr(equals + 1)));
    if (!decoded || decoded->size() != kKeySize) return bad("the value is not 32 bytes of base64");
    SecretBytes secret{std::move(*decoded)};
    if (name == "root") {
      if (!out.root.empty()) return bad("`root` is repeated");
      out.root = std::move(secret);
    } else if (name.starts_with("master.")) {
      const auto digits = name.substr(7);
      std::uint32_t version = 0;
      const auto [stop, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
      if (ec != std::errc{} || stop != digits.data() + digits.size() || version == 0)
        return bad("the master's version is not a number from 1");
      if (!out.masters.emplace(version, std::move(secret)).second) return bad("the master's version is repeated");
    } else {
      return bad("the name is unknown");
    }
  }
  if (out.masters.empty()) return file_error(path, "has no `master.1`");
  if (out.root.empty()) return file_error(path, "has no `root`");
  return out;
}

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<> sync_directory(const std::string& path) {
  const auto directory = directory_of(path);
  const Descriptor dir{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (dir.get() < 0 || ::fsync(dir.get()) != 0) return file_error(directory, "can't be synced", errno);
  return {};
}

/// Writes a file that must not exist yet, mode 0600, synced; leaves nothing behind when it fails.
Result<> write_new(const std::string& path, std::string_view text) {
  const Descriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (file.get() < 0) {
    if (errno == EEXIST) return Error{Errc::conflict, file_error(path, "exists already").detail};
    return file_error(path, "can't be made", errno);
  }
  while (!text.empty()) {
    const ssize_t n = ::write(file.get(), text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      const int error = errno;
      ::unlink(path.c_str());
      return file_error(path, "can't be written", error);
    }
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::fsync(file.get()) != 0) {
    const int error = errno;
    ::unlink(path.c_str());
    return file_error(path, "can't be synced", error);
  }
  return {};
}

SecretText render(const Secrets& secrets) {
  std::string text;
  text.reserve(256 + 64 * (secrets.masters.size() + 1));  // no growth: growth would leave copies of the keys behind
  text += "# AuthX keys. Whoever reads this file can read every person's data; without it nobody can. Keep a copy elsewhere.\n";
  const auto line = [&](std::string_view name, const SecretBytes& secret) {
    auto encoded = base64_encode(secret.expose());
    text.append(name).append(" = ").append(encoded).append("\n");
    wipe(encoded.data(), encoded.size());
  };
  for (const auto& [version, secret] : secrets.masters) line("master." + std::to_string(version), secret);
  line("root", secrets.root);
  return SecretText{std::move(text)};
}

}  // namespace

Result<Keyring> Keyring::create(const std::map<std::uint32_t, SecretBytes>& masters, SecretBytes index_root) {
  if (masters.empty()) return Error{Errc::internal, "keyring: no master key"};
  if (index_root.expose().size() != kKeySize) return Error{Errc::internal, "keyring: the root secret is not 32 bytes"};
  Keyring ring;
  for (const auto& [version, master] : masters) {
    if (version == 0 || master.expose().size() != kKeySize)
      return Error{Errc::internal, "keyring: a master key is not 32 bytes from version 1"};
    ring.wrap_keys_.emplace(version, hkdf_sha256(master.expose(), {}, as_bytes("authx.wrap.v1")));
  }
  ring.index_root_ = std::move(index_root);
  return ring;
}

Result<Keyring> Keyring::load_file(const std::string& path) {
  AX_TRY(const auto text, read_guarded(path));
  AX_TRY(auto secrets, parse(path, text.expose()));
  return create(secrets.masters, std::move(secrets.root));
}

Result<> Keyring::create_file(const std::string& path) {
  Secrets secrets;
  secrets.masters.emplace(1U, random_secret());
  secrets.root = random_secret();
  AX_CHECK(write_new(path, render(secrets).expose()));
  return sync_directory(path);
}

Result<std::uint32_t> Keyring::add_master(const std::string& path) {
  AX_TRY(const auto text, read_guarded(path));
  AX_TRY(auto secrets, parse(path, text.expose()));
  const std::uint32_t version = secrets.masters.rbegin()->first + 1;
  if (version == 0) return file_error(path, "has no version left");
  secrets.masters.emplace(version, random_secret());
  const std::string fresh = path + ".new";  // a fixed name, exclusively made: two rotations at once can't both succeed
  AX_CHECK(write_new(fresh, render(secrets).expose()));
  if (::rename(fresh.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(fresh.c_str());
    return file_error(path, "can't be replaced", error);
  }
  AX_CHECK(sync_directory(path));
  return version;
}

Key Keyring::new_key() const { return random_secret(); }

Bytes Keyring::wrap(const Key& key, std::string_view context) const {
  evp::require(!wrap_keys_.empty());  // a moved-from ring
  const auto& [version, wrap_key] = *wrap_keys_.rbegin();
  const auto v = be32(version);
  const auto sealed = seal(wrap_key, key.expose(), wrap_context(version, context));
  Bytes out{v.begin(), v.end()};
  out.insert(out.end(), sealed.begin(), sealed.end());
  return out;
}

Result<Key> Keyring::unwrap(BytesView wrapped, std::string_view context) const {
  const auto version = version_of(wrapped);
  if (!version) return Error{Errc::internal, "wrapped key: too short"};
  const auto found = wrap_keys_.find(*version);
  if (found == wrap_keys_.end())
    return Error{Errc::internal, fmt::format("wrapped key: master version {} is not in the key file", *version)};
  AX_TRY(auto plain, open(found->second, wrapped.subspan(4), wrap_context(*version, context)));
  return Key{std::move(plain)};
}

bool Keyring::needs_rewrap(BytesView wrapped) const {
  const auto version = version_of(wrapped);
  return !version || wrap_keys_.empty() || *version != wrap_keys_.rbegin()->first;
}

Bytes Keyring::blind_index(std::string_view purpose, std::string_view value) const {
  const auto key = hkdf_sha256(index_root_.expose(), {}, as_bytes(labelled("authx.blind.v1", purpose)));
  const auto mac = hmac_sha256(key.expose(), as_bytes(value));
  return {mac.begin(), mac.end()};
}

Bytes Keyring::blind_index(std::string_view purpose, const Uuid& tenant, std::string_view value) const {
  if (tenant == kDefaultTenant) return blind_index(purpose, value);  // as before there were others
  return blind_index(std::string{purpose} + "@" + tenant.str(), value);
}

SecretBytes Keyring::derive(std::string_view purpose) const {
  return hkdf_sha256(index_root_.expose(), {}, as_bytes(labelled("authx.derive.v1", purpose)));
}

}  // namespace authx::crypto
