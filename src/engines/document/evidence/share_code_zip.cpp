#include "engines/document/evidence/share_code_zip.h"

#include <zlib.h>

#include <array>

#include "engines/document/evidence/inflate.h"

namespace authx::document {
namespace {

constexpr std::size_t kMostArchive = std::size_t{5} << 20;
constexpr std::size_t kMostFile = std::size_t{2} << 20;
constexpr std::size_t kMostRatio = 200;
constexpr std::size_t kEndRecord = 22;
constexpr std::size_t kCentralRecord = 46;
constexpr std::size_t kLocalRecord = 30;
constexpr std::size_t kEncryptionHeader = 12;

std::uint32_t le(BytesView b, std::size_t at, int n) {
  std::uint32_t v = 0;
  for (int i = n; i-- > 0;) v = (v << 8) | b[at + static_cast<std::size_t>(i)];
  return v;
}

Error refuse(std::string why) { return Error::invalid("file", std::move(why)); }

/// Three 32-bit keys stirred by each plain byte.
class ZipCipher {
 public:
  explicit ZipCipher(std::string_view password) {
    for (const char c : password) stir(static_cast<std::uint8_t>(c));
  }
  ZipCipher(const ZipCipher&) = delete;
  ZipCipher& operator=(const ZipCipher&) = delete;
  ~ZipCipher() { wipe(keys_.data(), sizeof keys_); }

  std::uint8_t decrypt(std::uint8_t c) {
    const std::uint32_t t = (keys_[2] | 2U) & 0xFFFFU;
    const auto plain = static_cast<std::uint8_t>(c ^ ((t * (t ^ 1U)) >> 8));
    stir(plain);
    return plain;
  }

 private:
  static std::uint32_t crc_step(std::uint32_t crc, std::uint8_t byte) {
    static const z_crc_t* const table = get_crc_table();
    return static_cast<std::uint32_t>(table[(crc ^ byte) & 0xFFU]) ^ (crc >> 8);
  }
  void stir(std::uint8_t plain) {
    keys_[0] = crc_step(keys_[0], plain);
    keys_[1] = (keys_[1] + (keys_[0] & 0xFFU)) * 134775813U + 1;
    keys_[2] = crc_step(keys_[2], static_cast<std::uint8_t>(keys_[1] >> 24));
  }

  std::array<std::uint32_t, 3> keys_{0x12345678U, 0x23456789U, 0x34567890U};
};

}  // namespace

bool looks_like_zip(BytesView file) noexcept { return file.size() >= 4 && le(file, 0, 4) == 0x04034B50U; }

Result<Bytes> unzip_one(BytesView archive, const SecretText& share_code) {
  if (archive.size() > kMostArchive) return refuse("the archive is larger than 5 MiB");
  if (archive.size() < kEndRecord + kCentralRecord + kLocalRecord || !looks_like_zip(archive)) return refuse("is not a ZIP archive");
  // The end record stands last, but for a comment.
  std::size_t end = archive.size() - kEndRecord;
  const std::size_t stop = archive.size() > kEndRecord + 0xFFFF ? archive.size() - kEndRecord - 0xFFFF : 0;
  while (le(archive, end, 4) != 0x06054B50U || end + kEndRecord + le(archive, end + 20, 2) != archive.size()) {
    if (end == stop) return refuse("the archive has no directory");
    --end;
  }
  if (le(archive, end + 4, 2) != 0 || le(archive, end + 6, 2) != 0) return refuse("the archive is split");
  if (le(archive, end + 8, 2) != 1 || le(archive, end + 10, 2) != 1) return refuse("the archive holds more or less than one file");
  const std::size_t central = le(archive, end + 16, 4);
  if (central > end || end - central < kCentralRecord || le(archive, central, 4) != 0x02014B50U) return refuse("the archive is damaged");

  const std::uint32_t flags = le(archive, central + 8, 2);
  const std::uint32_t method = le(archive, central + 10, 2);
  const std::uint32_t modified = le(archive, central + 12, 2);
  const std::uint32_t crc = le(archive, central + 16, 4);
  const std::size_t packed_size = le(archive, central + 20, 4);
  const std::size_t size = le(archive, central + 24, 4);
  const std::size_t local = le(archive, central + 42, 4);
  const bool encrypted = (flags & 1U) != 0;
  if ((flags & 0x2040U) != 0) return refuse("the archive's encryption is not the one of offline e-KYC");
  if (method != 0 && method != 8) return refuse("the archive's compression is not supported");
  if (size > kMostFile || packed_size > kMostArchive) return refuse("the file in the archive is larger than 2 MiB");
  if (size > kMostRatio * (packed_size + 1)) return refuse("the file in the archive is packed suspiciously tight");
  if (local > central || central - local < kLocalRecord || le(archive, local, 4) != 0x04034B50U) return refuse("the archive is damaged");
  const std::size_t data = local + kLocalRecord + le(archive, local + 26, 2) + le(archive, local + 28, 2);
  if (data > central || central - data < packed_size) return refuse("the archive is damaged");

  Bytes packed(archive.begin() + static_cast<std::ptrdiff_t>(data), archive.begin() + static_cast<std::ptrdiff_t>(data + packed_size));
  if (encrypted) {
    if (share_code.empty()) return Error::invalid("share_code", "the archive needs its share code");
    if (packed.size() < kEncryptionHeader) return refuse("the archive is damaged");
    ZipCipher cipher{share_code.expose()};
    for (auto& b : packed) b = cipher.decrypt(b);
    // The header's last byte repeats a known one: of the checksum, or of the time when the checksum follows the data.
    const std::uint32_t wanted = (flags & 8U) != 0 ? modified >> 8 : crc >> 24;
    if (packed[kEncryptionHeader - 1] != wanted) return Error::invalid("share_code", "does not open the archive");
    packed.erase(packed.begin(), packed.begin() + kEncryptionHeader);
  }
  Bytes out;
  if (method == 0) {
    out = std::move(packed);
  } else {
    auto inflated = inflate_capped(packed, size, Deflated::raw);
    // One wrong share code in 256 passes the header's byte.
    if (!inflated) return encrypted ? Error::invalid("share_code", "does not open the archive") : refuse("the archive is damaged");
    out = std::move(inflated->bytes);
  }
  if (out.size() != size || crc32(0, out.data(), static_cast<uInt>(out.size())) != crc)
    return encrypted ? Error::invalid("share_code", "does not open the archive") : refuse("the archive is damaged");
  return out;
}

}  // namespace authx::document
