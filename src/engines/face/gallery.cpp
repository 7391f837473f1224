#include "engines/face/gallery.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <mutex>
#include <shared_mutex>
#include <system_error>
#include <unordered_map>

#include "engines/face/gallery_scan.h"

namespace authx::face {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kSegmentRows = 16384;  ///< mapped together; a file grows by whole segments, of which only what is written takes room
constexpr std::size_t kSegmentBlocks = kSegmentRows / kBlockRows;
constexpr std::size_t kChunkBlocks = 64;  ///< scanned with one threshold
constexpr std::size_t kMaxRows = std::size_t{1} << 31;
constexpr float kNothing = -1e30F;  ///< the error of a row that holds nothing: its upper bound reaches no threshold
constexpr float kLowest = -1e6F;
constexpr std::array<char, 8> kMagic{'A', 'X', 'G', 'A', 'L', '0', '0', '1'};

/// The file's first page.
struct Header {
  std::array<char, 8> magic{};
  std::uint64_t space = 0;  ///< hash of the space's name
  std::uint32_t dimension = 0, segments = 0;
  std::uint64_t sequence = 0;
  std::array<char, 40> boot{};  ///< the machine's, at the last opening
  std::uint32_t clean = 0;      ///< closed in order and on the disk
};
static_assert(sizeof(Header) <= kPage);

struct Record {
  Uuid id;
  std::uint64_t version = 0;
  std::uint64_t check = 0;  ///< over the others and the full vector; nought: holds nothing
};

std::size_t rounded(std::size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

std::uint64_t mixed(std::uint64_t h, const void* data, std::size_t size) {
  const auto* p = static_cast<const unsigned char*>(data);
  for (; size >= 8; p += 8, size -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, p, 8);
    h = (h ^ word) * 0x9E3779B97F4A7C15ULL;
    h ^= h >> 29;
  }
  for (; size > 0; ++p, --size) h = (h ^ *p) * 0x100000001B3ULL;
  return h;
}

std::string boot_id() {
  std::ifstream in{"/proc/sys/kernel/random/boot_id"};
  std::string id;
  std::getline(in, id);
  return id.substr(0, 36);
}

Error unavailable(std::string_view what) {
  return {Errc::unavailable, fmt::format("face gallery: {}: {}", what, std::generic_category().message(errno))};
}

/// A vector in eight bits: about `scale * codes`.
struct Quantised {
  std::vector<std::int8_t> codes;
  float scale = 0, error = 0;
};

Quantised quantise(std::span<const float> unit, std::size_t padded) {
  Quantised q;
  q.codes.assign(padded, 0);
  float largest = 0;
  for (const float v : unit) largest = std::max(largest, std::abs(v));
  q.scale = largest / 127;
  double lost = 0;
  for (std::size_t i = 0; i < unit.size(); ++i) {
    const auto code = std::clamp(std::lround(unit[i] / q.scale), -127L, 127L);
    q.codes[i] = static_cast<std::int8_t>(code);
    const double e = static_cast<double>(unit[i]) - static_cast<double>(q.scale) * static_cast<double>(code);
    lost += e * e;
  }
  q.error = static_cast<float>(std::sqrt(lost) * (1 + 1e-6) + 1e-7);
  return q;
}

Result<std::vector<float>> unit_of(std::span<const float> values, std::size_t dimension) {
  if (values.size() != dimension) return Error::invalid("embedding", "has another dimension than the gallery");
  double length = 0;
  for (const float v : values) length += static_cast<double>(v) * v;
  length = std::sqrt(length);
  if (!std::isfinite(length) || !(length > 1e-12)) return Error::invalid("embedding", "is not a vector of finite length");
  std::vector<float> out(values.size());
  std::ranges::transform(values, out.begin(), [&](float v) { return static_cast<float>(static_cast<double>(v) / length); });
  return out;
}

double product(const float* a, const float* b, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += static_cast<double>(a[i]) * b[i];
  return std::clamp(sum, -1.0, 1.0);
}

/// Where the parts of a segment lie.
struct Layout {
  explicit Layout(std::size_t d) : dimension(d), padded((d + 3) / 4 * 4) {
    scales = kSegmentRows * padded;
    errors = scales + kSegmentRows * sizeof(float);
    records = errors + kSegmentRows * sizeof(float);
    full = records + kSegmentRows * sizeof(Record);
    bytes = rounded(full + kSegmentRows * d * sizeof(float));
  }
  std::size_t dimension, padded;
  std::size_t scales = 0, errors = 0, records = 0, full = 0, bytes = 0;
};

class MappedGallery final : public Gallery {
 public:
  MappedGallery(const GalleryOptions& options)
      : layout_(options.dimension), path_(options.path), space_(mixed(options.dimension, options.space.data(), options.space.size())) {}
  MappedGallery(const MappedGallery&) = delete;
  MappedGallery& operator=(const MappedGallery&) = delete;

  ~MappedGallery() override {
    if (header_ != nullptr && fd_ >= 0) {
      bool synced = true;
      for (auto* s : segments_) synced = ::msync(s, layout_.bytes, MS_SYNC) == 0 && synced;
      header_->clean = synced ? 1 : 0;
      ::msync(header_, kPage, MS_SYNC);
    }
    for (auto* s : segments_) ::munmap(s, layout_.bytes);
    if (header_ != nullptr) ::munmap(header_, kPage);
    if (fd_ >= 0) ::close(fd_);
  }

  Result<> start() {
    if (path_.empty()) {
      AX_TRY(auto* page, map(0, kPage));
      header_ = reinterpret_cast<Header*>(page);
      begin();
      return {};
    }
    fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd_ < 0) return unavailable("cannot open its file");
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return Error{Errc::conflict, "face gallery: its file is in use by another process"};
      return unavailable("cannot lock its file");
    }
    struct ::stat status{};
    if (::fstat(fd_, &status) != 0) return unavailable("cannot look at its file");
    const auto size = static_cast<std::size_t>(status.st_size);
    const bool fresh = size < kPage;
    if (fresh && ::ftruncate(fd_, kPage) != 0) return unavailable("cannot grow its file");
    AX_TRY(auto* page, map(0, kPage));
    header_ = reinterpret_cast<Header*>(page);
    const bool usable = !fresh && header_->magic == kMagic && header_->space == space_ && header_->dimension == layout_.dimension &&
                        size == kPage + header_->segments * layout_.bytes &&
                        (header_->clean == 1 || boot_id() == std::string_view{header_->boot.data()});
    if (!usable) {
      if (::ftruncate(fd_, kPage) != 0) return unavailable("cannot empty its file");
      begin();
      return {};
    }
    mark_open();
    for (std::size_t i = 0; i < header_->segments; ++i) {
      AX_TRY(auto* segment, map(kPage + i * layout_.bytes, layout_.bytes));
      segments_.push_back(segment);
    }
    take_stock();
    return {};
  }

  Result<> put(const Uuid& id, std::uint64_t version, std::span<const float> values) override {
    AX_TRY(const auto unit, unit_of(values, layout_.dimension));
    const auto quantised = quantise(unit, layout_.padded);
    std::unique_lock lock{mutex_};
    std::uint32_t row = 0;
    if (const auto known = rows_.find(id); known != rows_.end()) {
      row = known->second;
    } else {
      if (free_.empty()) AX_CHECK(grow());
      row = free_.back();
      free_.pop_back();
      rows_.emplace(id, row);
    }
    erase_row(row);
    write_codes(row, quantised.codes);
    std::memcpy(full(row), unit.data(), unit.size() * sizeof(float));
    auto& r = record(row);
    r.id = id;
    r.version = version;
    scale(row) = quantised.scale;
    std::atomic_thread_fence(std::memory_order_release);  // what a killed process leaves is a whole row or none
    error(row) = quantised.error;
    r.check = check(row);
    return {};
  }

  bool remove(const Uuid& id) override {
    std::unique_lock lock{mutex_};
    const auto known = rows_.find(id);
    if (known == rows_.end()) return false;
    erase_row(known->second);
    free_.push_back(known->second);
    rows_.erase(known);
    return true;
  }

  void clear() override {
    std::unique_lock lock{mutex_};
    for (const auto& [id, row] : rows_) {
      erase_row(row);
      free_.push_back(row);
    }
    rows_.clear();
    header_->sequence = 0;
  }

  Result<std::vector<GalleryHit>> search(std::span<const float> probe, std::size_t count, double least) const override {
    AX_TRY(const auto unit, unit_of(probe, layout_.dimension));
    const auto quantised = quantise(unit, layout_.padded);
    ScanProbe p{.codes = quantised.codes, .scale = quantised.scale};
    double length = 0;
    for (const auto c : quantised.codes) p.offset += 128 * c, length += static_cast<double>(c) * c;
    // With x = x' + e and p = p' + f: |x·p - x'·p'| = |e·p' + x·f| <= |e| |p'| + |f|. Rounding of the floats is within 1e-5.
    p.per_error = static_cast<float>(std::sqrt(length) * static_cast<double>(quantised.scale) * (1 + 1e-6));
    p.constant = quantised.error * (1 + 1e-5F) + 1e-5F;

    std::shared_lock lock{mutex_};
    count = std::min(count, rows_.size());
    if (count == 0) return std::vector<GalleryHit>{};
    struct Candidate {
      std::uint32_t row;
      float upper;
    };
    std::vector<Candidate> candidates;
    std::vector<float> lower;  // the `count` best lower bounds so far, least first
    const float floor = std::max(static_cast<float>(least) - 1e-6F, kLowest);
    float threshold = floor;
    const auto reached = [&](float bound) {
      if (lower.size() == count) {
        if (bound <= lower.front()) return;
        std::ranges::pop_heap(lower, std::ranges::greater{});
        lower.pop_back();
      }
      lower.push_back(bound);
      std::ranges::push_heap(lower, std::ranges::greater{});
      if (lower.size() == count) threshold = std::max(threshold, lower.front());
    };
    std::vector<ScanHit> hits(kChunkBlocks * kBlockRows);
    const Scan scan = scan_kernels().front().scan;
    for (std::size_t s = 0; s < segments_.size(); ++s) {
      for (std::size_t block = 0; block < kSegmentBlocks; block += kChunkBlocks) {
        const std::size_t first = s * kSegmentRows + block * kBlockRows;
        if (first >= used_) break;
        const std::size_t left = (used_ - first + kBlockRows - 1) / kBlockRows;
        const ScanRows rows{segments_[s] + block * kBlockRows * layout_.padded, scales(s) + block * kBlockRows,
                            errors(s) + block * kBlockRows, std::min(kChunkBlocks, left), layout_.padded / 4};
        const auto found = scan(rows, p, threshold, hits.data());
        for (std::size_t i = 0; i < found; ++i) {
          const auto& h = hits[i];
          candidates.push_back({static_cast<std::uint32_t>(first) + h.row, h.approximate + h.bound});
          reached(h.approximate - h.bound);
        }
      }
    }
    std::erase_if(candidates, [&](const Candidate& c) { return c.upper < threshold; });
    std::ranges::sort(candidates, std::ranges::greater{}, &Candidate::upper);
    std::vector<GalleryHit> out;
    const auto better = [](const GalleryHit& a, const GalleryHit& b) {
      return a.similarity != b.similarity ? a.similarity > b.similarity : a.id < b.id;
    };
    for (const auto& c : candidates) {
      // Candidates come by falling upper bound: below the worst kept nothing better can follow.
      if (out.size() == count && static_cast<double>(c.upper) < out.back().similarity) break;
      const GalleryHit hit{record(c.row).id, product(unit.data(), full(c.row), layout_.dimension)};
      if (hit.similarity < least) continue;
      const auto at = std::ranges::upper_bound(out, hit, better);
      if (out.size() == count && at == out.end()) continue;
      out.insert(at, hit);
      if (out.size() > count) out.pop_back();
    }
    return out;
  }

  std::vector<Version> versions() const override {
    std::shared_lock lock{mutex_};
    std::vector<Version> out;
    out.reserve(rows_.size());
    for (const auto& [id, row] : rows_) out.push_back({id, record(row).version});
    return out;
  }
  std::size_t size() const override {
    std::shared_lock lock{mutex_};
    return rows_.size();
  }
  std::size_t bytes_scanned() const override {
    std::shared_lock lock{mutex_};
    return (used_ + kBlockRows - 1) / kBlockRows * kBlockRows * (layout_.padded + 2 * sizeof(float));
  }
  std::uint64_t sequence() const override {
    std::shared_lock lock{mutex_};
    return header_->sequence;
  }
  void set_sequence(std::uint64_t sequence) override {
    std::unique_lock lock{mutex_};
    header_->sequence = sequence;
  }

 private:
  Result<std::uint8_t*> map(std::size_t offset, std::size_t bytes) {
    void* at = fd_ >= 0 ? ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, static_cast<::off_t>(offset))
                        : ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return unavailable("cannot map memory");
    if (fd_ < 0) ::madvise(at, bytes, MADV_DONTDUMP);
    return static_cast<std::uint8_t*>(at);
  }

  void begin() {
    *header_ = Header{};
    header_->magic = kMagic;
    header_->space = space_;
    header_->dimension = static_cast<std::uint32_t>(layout_.dimension);
    mark_open();
  }
  void mark_open() {
    header_->clean = 0;
    header_->boot = {};
    const auto boot = boot_id();
    std::ranges::copy(boot, header_->boot.begin());
  }

  Result<> grow() {
    if ((segments_.size() + 1) * kSegmentRows > kMaxRows) return Error{Errc::unavailable, "face gallery: is full"};
    const auto offset = kPage + segments_.size() * layout_.bytes;
    if (fd_ >= 0 && ::ftruncate(fd_, static_cast<::off_t>(offset + layout_.bytes)) != 0) return unavailable("cannot grow its file");
    AX_TRY(auto* segment, map(offset, layout_.bytes));
    segments_.push_back(segment);
    const auto s = segments_.size() - 1;
    std::fill_n(errors(s), kSegmentRows, kNothing);
    header_->segments = static_cast<std::uint32_t>(segments_.size());
    for (std::size_t i = kSegmentRows; i-- > 0;) free_.push_back(static_cast<std::uint32_t>(s * kSegmentRows + i));
    return {};
  }

  /// Reads which rows the file holds; one that does not check is emptied.
  void take_stock() {
    for (std::size_t row = segments_.size() * kSegmentRows; row-- > 0;) {
      const auto r = static_cast<std::uint32_t>(row);
      const auto& known = record(r);
      const bool whole = known.check != 0 && known.check == check(r) && codes_agree(r) && !rows_.contains(known.id);
      if (whole) {
        rows_.emplace(known.id, r);
        used_ = std::max(used_, row + 1);
        continue;
      }
      if (known.check != 0 || error(r) != kNothing) erase_row(r);
      free_.push_back(r);
    }
  }
  bool codes_agree(std::uint32_t row) const {
    const auto q = quantise({full(row), layout_.dimension}, layout_.padded);
    if (q.scale != scale(row) || q.error != error(row)) return false;
    for (std::size_t i = 0; i < q.codes.size(); ++i)
      if (*code(row, i) != static_cast<std::uint8_t>(q.codes[i] + 128)) return false;
    return true;
  }

  void erase_row(std::uint32_t row) {
    auto& r = record(row);
    error(row) = kNothing;
    r.check = 0;
    std::atomic_thread_fence(std::memory_order_release);
    r.id = {};
    r.version = 0;
    scale(row) = 0;
    write_codes(row, std::vector<std::int8_t>(layout_.padded, 0));
    std::memset(full(row), 0, layout_.dimension * sizeof(float));
    used_ = std::max<std::size_t>(used_, std::size_t{row} + 1);
  }
  void write_codes(std::uint32_t row, const std::vector<std::int8_t>& codes) {
    for (std::size_t i = 0; i < codes.size(); ++i) *code(row, i) = static_cast<std::uint8_t>(codes[i] + 128);
  }

  std::uint8_t* code(std::uint32_t row, std::size_t i) const {
    const std::size_t r = row % kSegmentRows, block = r / kBlockRows, lane = r % kBlockRows;
    return segments_[row / kSegmentRows] + block * kBlockRows * layout_.padded + i / 4 * (4 * kBlockRows) + lane * 4 + i % 4;
  }
  float* scales(std::size_t s) const { return reinterpret_cast<float*>(segments_[s] + layout_.scales); }
  float* errors(std::size_t s) const { return reinterpret_cast<float*>(segments_[s] + layout_.errors); }
  float& scale(std::uint32_t row) const { return scales(row / kSegmentRows)[row % kSegmentRows]; }
  float& error(std::uint32_t row) const { return errors(row / kSegmentRows)[row % kSegmentRows]; }
  Record& record(std::uint32_t row) const {
    return reinterpret_cast<Record*>(segments_[row / kSegmentRows] + layout_.records)[row % kSegmentRows];
  }
  float* full(std::uint32_t row) const {
    return reinterpret_cast<float*>(segments_[row / kSegmentRows] + layout_.full) + row % kSegmentRows * layout_.dimension;
  }
  std::uint64_t check(std::uint32_t row) const {
    const auto& r = record(row);
    auto h = mixed(0x243F6A8885A308D3ULL, r.id.bytes.data(), r.id.bytes.size());
    h = mixed(h, &r.version, sizeof r.version);
    h = mixed(h, full(row), layout_.dimension * sizeof(float));
    return h == 0 ? 1 : h;
  }

  Layout layout_;
  std::string path_;
  std::uint64_t space_;
  int fd_ = -1;
  Header* header_ = nullptr;
  mutable std::shared_mutex mutex_;
  std::vector<std::uint8_t*> segments_;
  std::unordered_map<Uuid, std::uint32_t> rows_;
  std::vector<std::uint32_t> free_;  ///< the next is the last
  std::size_t used_ = 0;             ///< rows beyond have never held anything
};

}  // namespace

Result<std::unique_ptr<Gallery>> Gallery::open(const GalleryOptions& options) {
  if (options.dimension == 0 || options.dimension > 4096) return Error::invalid("dimension", "must be from 1 to 4096");
  auto gallery = std::make_unique<MappedGallery>(options);
  AX_CHECK(gallery->start());
  return std::unique_ptr<Gallery>{std::move(gallery)};
}

}  // namespace authx::face
