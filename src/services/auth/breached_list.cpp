#include "services/auth/breached_list.h"

#include <fcntl.h>
#include <openssl/sha.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

#include "base/encoding.h"

namespace authx::auth {
namespace {

constexpr std::string_view kMagic = "AXBREACH";
constexpr std::size_t kHeader = 64;
constexpr std::size_t kWords = 8;  // of a block
constexpr std::uint64_t kBitsEach = 24;

struct Key {
  std::uint64_t block = 0, bits = 0;
};

Key key_of(const std::uint8_t* digest) {
  Key key;
  std::memcpy(&key.block, digest, 8);
  std::memcpy(&key.bits, digest + 8, 8);
  return key;
}

Key key_of_password(std::string_view password) {
  std::array<std::uint8_t, SHA_DIGEST_LENGTH> digest{};
  ::SHA1(reinterpret_cast<const unsigned char*>(password.data()), password.size(), digest.data());
  return key_of(digest.data());
}

std::optional<Key> key_of_line(std::string_view line) {
  while (line.ends_with('\r') || line.ends_with('\n')) line.remove_suffix(1);
  if (line.empty() || line.size() > 4096) return std::nullopt;
  if (line.size() == 40 || (line.size() > 40 && line[40] == ':'))
    if (const auto digest = hex_decode(line.substr(0, 40))) return key_of(digest->data());
  return key_of_password(line);
}

/// The block by the high bits of a multiplication: no modulo bias, no division (Lemire).
std::uint64_t block_of(std::uint64_t hash, std::uint64_t blocks) {
  return static_cast<std::uint64_t>((static_cast<unsigned __int128>(hash) * blocks) >> 64);
}

/// Eight bits of a block's 512, one in each word.
template <class F>
void probes(std::uint64_t bits, F use) {
  for (std::size_t word = 0; word < kWords; ++word) use(word, std::uint64_t{1} << (bits >> (6 * word) & 63U));
}

void put(std::vector<char>& header, std::size_t at, std::uint64_t value) { std::memcpy(header.data() + at, &value, 8); }

}  // namespace

BreachedList::~BreachedList() {
  if (map_ != nullptr) ::munmap(map_, size_);
}

Result<std::shared_ptr<const BreachedList>> BreachedList::open(const std::string& path) {
  const auto bad = [&](const char* why) { return Error{Errc::unavailable, "the breached list " + path + " " + why}; };
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return bad("can't be opened");
  struct ::stat info{};
  void* map = MAP_FAILED;
  if (::fstat(fd, &info) == 0 && info.st_size >= static_cast<off_t>(kHeader))
    map = ::mmap(nullptr, static_cast<std::size_t>(info.st_size), PROT_READ, MAP_SHARED, fd, 0);
  ::close(fd);
  if (map == MAP_FAILED) return bad("can't be read");
  std::shared_ptr<BreachedList> list{new BreachedList};
  list->map_ = map;
  list->size_ = static_cast<std::size_t>(info.st_size);
  const auto* bytes = static_cast<const char*>(map);
  std::uint32_t version = 0;
  std::memcpy(&version, bytes + 8, 4);
  std::memcpy(&list->entries_, bytes + 16, 8);
  std::memcpy(&list->blocks_, bytes + 24, 8);
  if (std::string_view{bytes, 8} != kMagic || version != 1 || list->blocks_ == 0 || list->blocks_ != (list->size_ - kHeader) / 64 ||
      (list->size_ - kHeader) % 64 != 0)
    return bad("is no breached list");
  list->words_ = reinterpret_cast<const std::uint64_t*>(bytes + kHeader);
  return std::shared_ptr<const BreachedList>{std::move(list)};
}

bool BreachedList::contains(std::string_view password) const {
  const auto key = key_of_password(password);
  const auto* block = words_ + block_of(key.block, blocks_) * kWords;
  bool all = true;
  probes(key.bits, [&](std::size_t word, std::uint64_t bit) { all = all && (block[word] & bit) != 0; });
  return all;
}

Result<std::uint64_t> BreachedList::build(const std::string& list, const std::string& out) {
  const auto each = [&](auto use) -> bool {
    std::ifstream in{list, std::ios::binary};
    for (std::string line; std::getline(in, line);)
      if (const auto key = key_of_line(line)) use(*key);
    return in.eof();
  };
  std::uint64_t entries = 0;
  if (!each([&](const Key&) { ++entries; })) return Error{Errc::unavailable, "can't read " + list};
  if (entries == 0) return Error::invalid("list", "holds no password");
  const std::uint64_t blocks = (entries * kBitsEach + 511) / 512;
  std::vector<std::uint64_t> words(blocks * kWords);
  each([&](const Key& key) {
    auto* block = words.data() + block_of(key.block, blocks) * kWords;
    probes(key.bits, [&](std::size_t word, std::uint64_t bit) { block[word] |= bit; });
  });
  std::vector<char> header(kHeader);
  std::memcpy(header.data(), kMagic.data(), kMagic.size());
  header[8] = 1;
  put(header, 16, entries);
  put(header, 24, blocks);
  const auto partial = out + ".partial";
  std::ofstream file{partial, std::ios::binary | std::ios::trunc};
  file.write(header.data(), static_cast<std::streamsize>(header.size()));
  file.write(reinterpret_cast<const char*>(words.data()), static_cast<std::streamsize>(words.size() * 8));
  file.close();
  std::error_code ec;
  if (file) std::filesystem::rename(partial, out, ec);
  if (!file || ec) return Error{Errc::unavailable, "can't write " + out};
  return entries;
}

}  // namespace authx::auth
