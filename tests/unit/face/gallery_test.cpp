#include "engines/face/gallery.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <thread>

#include "engines/face/gallery_scan.h"

namespace authx::face {
namespace {

namespace fs = std::filesystem;

Uuid id_of(std::uint32_t n) {
  Uuid id;
  for (std::size_t i = 0; i < 4; ++i) id.bytes[15 - i] = static_cast<std::uint8_t>(n >> (8 * i));
  return id;
}

/// People's embeddings are no white noise: they share directions, and some are nearly equal.
class Faces {
 public:
  Faces(std::size_t dimension, std::uint32_t seed) : random_(seed), shared_(dimension) {
    for (auto& v : shared_) v = normal_(random_);
  }
  std::vector<float> any(float near = 0.6F) {
    std::vector<float> v(shared_.size());
    for (std::size_t i = 0; i < v.size(); ++i) v[i] = near * shared_[i] + normal_(random_);
    return v;
  }
  std::vector<float> like(const std::vector<float>& one, float apart) {
    auto v = one;
    for (auto& x : v) x += apart * normal_(random_);
    return v;
  }

 private:
  std::mt19937 random_;
  std::normal_distribution<float> normal_;
  std::vector<float> shared_;
};

/// Everything compared in double precision, best first.
std::vector<GalleryHit> brute(const std::vector<std::pair<Uuid, std::vector<float>>>& all, const std::vector<float>& probe,
                              std::size_t count, double least) {
  const auto unit = [](const std::vector<float>& v) {
    double n = 0;
    for (const float x : v) n += static_cast<double>(x) * x;
    std::vector<float> out;
    for (const float x : v) out.push_back(static_cast<float>(static_cast<double>(x) / std::sqrt(n)));
    return out;
  };
  const auto p = unit(probe);
  std::vector<GalleryHit> out;
  for (const auto& [id, values] : all) {
    const auto u = unit(values);
    double dot = 0;
    for (std::size_t i = 0; i < u.size(); ++i) dot += static_cast<double>(u[i]) * p[i];
    if (dot >= least) out.push_back({id, std::clamp(dot, -1.0, 1.0)});
  }
  std::ranges::sort(out,
                    [](const auto& a, const auto& b) { return a.similarity != b.similarity ? a.similarity > b.similarity : a.id < b.id; });
  if (out.size() > count) out.resize(count);
  return out;
}

void expect_same(const std::vector<GalleryHit>& found, const std::vector<GalleryHit>& wanted) {
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].id, wanted[i].id) << i;
    EXPECT_EQ(found[i].similarity, wanted[i].similarity) << i;
  }
}

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / fmt::format("authx-gallery-{}-{}", ::getpid(), next_++)) { fs::create_directories(path_); }
  ~Folder() { fs::remove_all(path_); }
  std::string file() const { return (path_ / "gallery").string(); }

 private:
  static inline int next_ = 0;
  fs::path path_;
};

class Exactness : public ::testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Dimensions, Exactness, ::testing::Values(1, 3, 64, 126, 128, 512));

TEST_P(Exactness, SearchFindsWhatComparingEverythingInFullFinds) {
  const auto d = GetParam();
  Faces faces{d, 7};
  auto gallery = *Gallery::open({.path = {}, .space = "test", .dimension = d});
  std::vector<std::pair<Uuid, std::vector<float>>> all;
  for (std::uint32_t i = 0; i < 3000; ++i) {
    // Every tenth lies so close to another that eight bits cannot tell them apart.
    all.emplace_back(id_of(i), i % 10 == 9 ? faces.like(all.back().second, 1e-3F) : faces.any());
    ASSERT_TRUE(gallery->put(all.back().first, i, all.back().second));
  }
  for (std::uint32_t i = 0; i < 3000; i += 7) ASSERT_TRUE(gallery->remove(id_of(i)));
  std::erase_if(all, [](const auto& e) { return (e.first.bytes[15] + 256 * e.first.bytes[14]) % 7 == 0; });
  ASSERT_EQ(gallery->size(), all.size());
  for (int i = 0; i < 40; ++i) {
    const auto probe = i % 2 == 0 ? faces.any() : faces.like(all[static_cast<std::size_t>(i) * 31].second, 0.3F);
    for (const auto& [count, least] : {std::pair{std::size_t{1}, -1.0}, {10, -1.0}, {100, 0.3}, {5000, 0.45}, {0, -1.0}})
      expect_same(*gallery->search(probe, count, least), brute(all, probe, count, least));
  }
}

TEST(Gallery, EveryKernelGivesTheSameProducts) {
  std::mt19937 random{3};
  std::uniform_int_distribution<int> code{0, 255}, signed_code{-127, 127};
  for (const std::size_t groups : {1U, 5U, 32U, 128U}) {
    const std::size_t blocks = 9;
    std::vector<std::uint8_t> codes(blocks * kBlockRows * 4 * groups);
    for (auto& c : codes) c = static_cast<std::uint8_t>(std::max(1, code(random)));
    std::vector<std::int8_t> probe(4 * groups);
    std::int32_t offset = 0;
    for (auto& c : probe) c = static_cast<std::int8_t>(signed_code(random)), offset += 128 * c;
    std::vector<float> scales(blocks * kBlockRows, 0.002F), errors(blocks * kBlockRows, 0.01F);
    errors[5] = errors[77] = -1e30F;  // hold nothing
    const ScanRows rows{codes.data(), scales.data(), errors.data(), blocks, groups};
    const ScanProbe p{probe, offset, 0.003F, 1, 1e-5F};
    std::vector<ScanHit> wanted(blocks * kBlockRows);
    wanted.resize(scan_kernels().back().scan(rows, p, -1e6F, wanted.data()));
    ASSERT_EQ(scan_kernels().back().name, "portable");
    EXPECT_EQ(wanted.size(), blocks * kBlockRows - 2);
    for (const auto& kernel : scan_kernels()) {
      std::vector<ScanHit> found(blocks * kBlockRows);
      found.resize(kernel.scan(rows, p, -1e6F, found.data()));
      ASSERT_EQ(found.size(), wanted.size()) << kernel.name;
      for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_EQ(found[i].row, wanted[i].row) << kernel.name;
        EXPECT_EQ(found[i].approximate, wanted[i].approximate) << kernel.name;
      }
    }
  }
}

TEST(Gallery, RefusesWhatIsNoDirection) {
  auto gallery = *Gallery::open({.path = {}, .space = "test", .dimension = 4});
  EXPECT_FALSE(gallery->put(id_of(1), 1, std::vector<float>{1, 2, 3}));
  EXPECT_FALSE(gallery->put(id_of(1), 1, std::vector<float>{0, 0, 0, 0}));
  EXPECT_FALSE(gallery->put(id_of(1), 1, std::vector<float>{1, NAN, 0, 0}));
  EXPECT_FALSE(gallery->search(std::vector<float>{0, 0, 0, INFINITY}, 1, -1));
  EXPECT_FALSE(Gallery::open({.path = {}, .space = "test", .dimension = 0}));
  EXPECT_TRUE(gallery->search(std::vector<float>{1, 0, 0, 0}, 5, -1)->empty());
}

TEST(Gallery, AFileHoldsItsRowsAndForgetsThemInFull) {
  const Folder folder;
  Faces faces{128, 1};
  const auto one = faces.any(), two = faces.any();
  {
    auto gallery = *Gallery::open({folder.file(), "model a", 128});
    ASSERT_TRUE(gallery->put(id_of(1), 11, one));
    ASSERT_TRUE(gallery->put(id_of(2), 12, two));
    ASSERT_TRUE(gallery->put(id_of(1), 13, one));
    gallery->set_sequence(13);
    EXPECT_EQ(Gallery::open({folder.file(), "model a", 128}).error().code, Errc::conflict);
  }
  {
    auto gallery = *Gallery::open({folder.file(), "model a", 128});
    EXPECT_EQ(gallery->sequence(), 13U);
    ASSERT_EQ(gallery->size(), 2U);
    EXPECT_EQ(gallery->search(one, 1, 0.5)->at(0).id, id_of(1));
    for (const auto& v : gallery->versions()) EXPECT_EQ(v.version, v.id == id_of(1) ? 13U : 12U);
    ASSERT_TRUE(gallery->remove(id_of(2)));
    EXPECT_FALSE(gallery->remove(id_of(2)));
  }
  // Nothing of what was removed is left in the file: neither id nor vector.
  std::ifstream in{folder.file(), std::ios::binary};
  const std::string bytes{std::istreambuf_iterator<char>{in}, {}};
  EXPECT_NE(bytes.find(std::string(15, '\0') + '\1'), std::string::npos);
  double length = 0;
  for (const float v : two) length += static_cast<double>(v) * v;
  std::array<char, 8> first{};
  for (std::size_t i = 0; i < 2; ++i) {
    const auto v = static_cast<float>(static_cast<double>(two[i]) / std::sqrt(length));
    std::memcpy(first.data() + 4 * i, &v, 4);
  }
  EXPECT_EQ(bytes.find(std::string_view{first.data(), 8}), std::string::npos);
  EXPECT_EQ((*Gallery::open({folder.file(), "model b", 128}))->size(), 0U) << "another model's rows were read";
}

TEST(Gallery, ADamagedRowIsNotThere) {
  const Folder folder;
  Faces faces{128, 2};
  const auto one = faces.any(), two = faces.any();
  {
    auto gallery = *Gallery::open({folder.file(), "a", 128});
    ASSERT_TRUE(gallery->put(id_of(1), 1, one));
    ASSERT_TRUE(gallery->put(id_of(2), 2, two));
  }
  {
    std::fstream file{folder.file(), std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(4096 + 4 * 5);  // a code of row 5's place in block 0: row 5 holds nothing; then one of row 0
    file.put('\x11');
    file.seekp(4096);
    file.put('\x01');
  }
  auto gallery = *Gallery::open({folder.file(), "a", 128});
  EXPECT_EQ(gallery->size(), 1U);
  EXPECT_EQ(gallery->search(two, 5, 0.9)->size(), 1U);
  EXPECT_TRUE(gallery->put(id_of(1), 1, one));
  EXPECT_EQ(gallery->search(one, 5, 0.9)->size(), 1U);
}

TEST(Gallery, AKilledProcessLeavesEveryRowThatItHadWritten) {
  const Folder folder;
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  const auto child = ::fork();
  if (child == 0) {
    Faces faces{128, 5};
    auto gallery = *Gallery::open({folder.file(), "a", 128});
    for (std::uint32_t i = 0;; ++i) {
      if (!gallery->put(id_of(i), i, faces.any())) ::_exit(1);
      gallery->set_sequence(i);
      if (::write(pipe[1], &i, sizeof i) != sizeof i) ::_exit(1);
    }
  }
  std::uint32_t written = 0;
  while (written < 700) ASSERT_EQ(::read(pipe[0], &written, sizeof written), static_cast<ssize_t>(sizeof written));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(pipe[1]);
  while (::read(pipe[0], &written, sizeof written) == sizeof written) {
  }
  ::close(pipe[0]);
  auto gallery = *Gallery::open({folder.file(), "a", 128});
  EXPECT_GE(gallery->size(), written + 1);
  EXPECT_LE(gallery->size(), written + 2);
  EXPECT_GE(gallery->sequence(), written);
  Faces again{128, 5};
  for (std::uint32_t i = 0; i <= written; ++i) {
    const auto hit = gallery->search(again.any(), 1, 0.999);
    ASSERT_EQ(hit->size(), 1U);
    ASSERT_EQ(hit->front().id, id_of(i));
  }
}

TEST(Gallery, SearchesRunWhileRowsComeAndGo) {
  auto gallery = *Gallery::open({.path = {}, .space = "a", .dimension = 64});
  Faces faces{64, 9};
  const auto kept = faces.any();
  ASSERT_TRUE(gallery->put(id_of(1'000'000), 1, kept));
  std::atomic<bool> ended{false};
  std::thread writer{[&] {
    Faces own{64, 10};
    for (std::uint32_t i = 0; i < 20'000; ++i) {
      if (i >= 100) gallery->remove(id_of(i - 100));
      if (!gallery->put(id_of(i), i, own.any())) break;
    }
    ended = true;
  }};
  while (!ended) {
    const auto hits = gallery->search(kept, 3, 0.99);
    ASSERT_TRUE(hits);
    ASSERT_GE(hits->size(), 1U);
    EXPECT_EQ(hits->front().id, id_of(1'000'000));
  }
  writer.join();
  EXPECT_EQ(gallery->size(), 101U);
}

}  // namespace
}  // namespace authx::face
