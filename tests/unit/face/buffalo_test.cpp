// The specification's pack with generated models of the same signatures: what is tested is the way through decoders,
// alignment and embedding, not the weights.

#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "../inference/onnx_bytes.h"
#include "engines/face/engine_slot.h"
#include "engines/face/insightface.h"
#include "engines/face/shadow.h"
#include "imaging/image.h"

namespace authx::face {
namespace {

namespace fs = std::filesystem;
using test::OnnxGraph;
using ::testing::HasSubstr;

/// Face templates around a cell's corner, in strides: the detector's boxes and points for a bright block.
constexpr std::array kPoints{-1.5f, -1.0f, 1.5f, -1.0f, 0.0f, 0.5f, -1.0f, 2.0f, 1.0f, 2.0f};
constexpr float kReach = 4;  ///< from the cell to each side of the box, in strides

/// SCRFD: a cell that is all white scores 0.99 with its first anchor, every other one next to nothing.
Bytes detector() {
  OnnxGraph g;
  g.input("input.1", {1, 3, -1, -1});
  const std::array names{"448", "471", "494", "451", "474", "497", "454", "477", "500"};
  std::size_t n = 0;
  for (const std::int64_t width : {1, 4, 10}) {
    for (const std::int64_t stride : {8, 16, 32}) {
      const std::string at = names[n];
      const std::int64_t channels = 2 * width;
      const auto block = static_cast<std::size_t>(3 * stride * stride);
      std::vector<float> weights(static_cast<std::size_t>(channels) * block, 0.0f), bias(static_cast<std::size_t>(channels), 0.0f);
      if (width == 1) {  // the mean of a white block is 1, of a black one −1
        bias = {-4.6f, -9.0f};
        if (stride == 16) std::fill_n(weights.begin(), block, 9.2f / static_cast<float>(block));
        if (stride == 16) bias[0] = 0;
      } else {
        for (std::size_t c = 0; c < bias.size(); ++c) bias[c] = width == 4 ? kReach : kPoints[c % 10];
      }
      g.floats(at + "w", {channels, 3, stride, stride}, weights).floats(at + "b", {channels}, bias);
      g.integers(at + "s", {-1, width});
      g.node("Conv", {"input.1", at + "w", at + "b"}, at + "c", {{"kernel_shape", {stride, stride}}, {"strides", {stride, stride}}});
      std::string last = at + "c";
      if (width == 1) {
        g.node("Sigmoid", {last}, at + "p");
        last = at + "p";
      }
      g.node("Transpose", {last}, at + "t", {{"perm", {0, 2, 3, 1}}});
      g.node("Reshape", {at + "t", at + "s"}, at);
      g.output(at, {-1, width});
      ++n;
    }
  }
  return g.bytes();
}

/// 512 values: the means of an 8 x 8 grid of the crop through eight channels.
Bytes embedder(bool normalises) {
  OnnxGraph g;
  std::vector<float> weights(8 * 3 * 14 * 14), bias(8, 0.1f);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = std::sin(static_cast<float>(i)) / 50;
  g.input("input.1", {-1, 3, 112, 112}).floats("w", {8, 3, 14, 14}, weights).floats("b", {8}, bias).integers("flat", {-1, 512});
  std::string from = "input.1";
  if (normalises) {
    g.floats("mean", {1}, {127.5f}).floats("scale", {1}, {1 / 127.5f});
    g.node("Sub", {from, "mean"}, "centred").node("Mul", {"centred", "scale"}, "scaled");
    from = "scaled";
  }
  g.node("Conv", {from, "w", "b"}, "grid", {{"kernel_shape", {14, 14}}, {"strides", {14, 14}}}).node("Reshape", {"grid", "flat"}, "683");
  g.output("683", {-1, 512});
  return g.bytes();
}

/// Constant answers of `count` values from a model that normalises its input itself.
Bytes constant(std::int64_t size, const std::vector<float>& values, std::string_view output) {
  const auto count = static_cast<std::int64_t>(values.size());
  OnnxGraph g;
  g.input("data", {-1, 3, size, size}).floats("m", {1}, {0}).floats("s", {1}, {1});
  g.floats("w", {count, 3, 1, 1}, std::vector<float>(values.size() * 3, 0.0f)).floats("b", {count}, values).integers("flat", {-1, count});
  g.node("Sub", {"data", "m"}, "a").node("Mul", {"a", "s"}, "c").node("GlobalAveragePool", {"c"}, "d");
  g.node("Conv", {"d", "w", "b"}, "e", {{"kernel_shape", {1, 1}}}).node("Reshape", {"e", "flat"}, output);
  g.output(output, {-1, count});
  return g.bytes();
}

class Buffalo : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("authx-buffalo-{}", ::getpid());
    fs::create_directories(folder_);
    put("det_10g.onnx", detector());
    put("w600k_r50.onnx", embedder(false));
    std::vector<float> flat(212), deep(3309);
    for (std::size_t i = 0; i < 106; ++i) flat[2 * i] = 0.5f, flat[2 * i + 1] = -0.5f;
    // The last 68 of 1103 rows: right of the centre by half a side, in the middle, one half deep.
    for (std::size_t row = 1103 - 68; row < 1103; ++row) deep[3 * row] = 0.5f, deep[3 * row + 2] = 0.25f;
    put("2d106det.onnx", constant(192, flat, "fc1"));
    put("1k3d68.onnx", constant(192, deep, "fc1"));
    put("genderage.onnx", constant(96, {0.2f, 0.7f, 0.31f}, "fc1"));
  }
  void TearDown() override { fs::remove_all(folder_); }

  void put(const std::string& name, BytesView bytes) {
    std::ofstream{folder_ / name, std::ios::binary}.write(reinterpret_cast<const char*>(bytes.data()),
                                                          static_cast<std::streamsize>(bytes.size()));
  }
  void put(const std::string& name, const Bytes& bytes) { put(name, BytesView{bytes}); }

  /// As find_pack gives it, without the published files' hashes.
  inference::Pack pack() const {
    auto found = inference::find_pack(folder_.string());
    EXPECT_TRUE(found) << found.error().detail;
    for (auto& model : found->models) model.sha256.clear();
    return *found;
  }

  /// White on black: one block of stride 16 at (128, 96), and something in it to embed.
  static imaging::Image picture() {
    imaging::Image image{320, 320, 3, 0};
    for (int y = 96; y < 112; ++y) std::fill_n(image.row(y) + 128 * 3, 16 * 3, std::uint8_t{255});
    for (int y = 120; y < 150; ++y) std::fill_n(image.row(y) + 100 * 3, 60 * 3, std::uint8_t{120});
    return image;
  }

  fs::path folder_;
};

TEST_F(Buffalo, EveryModelIsFoundWithItsContractAndTheLicenceIsSaid) {
  const auto p = pack();
  EXPECT_EQ(p.name, "buffalo_l");
  EXPECT_THAT(p.notice, HasSubstr("non-commercial"));
  for (const char* role : {"detector", "embedding", "landmarks-2d", "landmarks-3d", "attributes"}) {
    ASSERT_NE(p.find(role), nullptr) << role;
    EXPECT_FALSE(p.find(role)->commercial_use);
  }
}

TEST_F(Buffalo, PublishedHashesRefuseOtherFiles) {
  const auto found = inference::find_pack(folder_.string());
  ASSERT_TRUE(found);
  const auto engine = FaceEngine::create(*found);
  ASSERT_FALSE(engine);
  EXPECT_THAT(engine.error().detail, HasSubstr("altered"));
}

TEST_F(Buffalo, AFaceGoesThroughDetectorLandmarksAttributesAndEmbedding) {
  for (const auto backend : {inference::Backend::openvino, inference::Backend::opencv}) {
    if (backend == inference::Backend::openvino && !inference::openvino_available()) continue;
    EngineOptions options;
    options.load.backend = backend;
    const auto engine = FaceEngine::create(pack(), options);
    ASSERT_TRUE(engine) << engine.error().detail;
    const auto a = (*engine)->analyse(picture());
    ASSERT_TRUE(a) << a.error().detail;
    ASSERT_TRUE(a->chosen);
    const auto& face = a->faces[*a->chosen];
    EXPECT_NEAR(face.score, 0.99f, 0.01f);
    EXPECT_NEAR(face.box.x, 128 - 16 * kReach, 0.5f);  // no half cell is added
    EXPECT_NEAR(face.box.y, 96 - 16 * kReach, 0.5f);
    EXPECT_NEAR(face.box.width, 32 * kReach, 0.5f);
    EXPECT_NEAR(face.points[0].x, 128 - 24, 0.5f);
    EXPECT_NEAR(face.points[3].y, 96 + 32, 0.5f);
    // The crop is 1.5 boxes wide around the box's centre: half of its half to the right, as much up.
    ASSERT_EQ(a->geometry.landmarks_106.size(), 106u);
    EXPECT_NEAR(a->geometry.landmarks_106[50].x, 128 + 0.25 * 1.5 * 128, 0.5f);
    EXPECT_NEAR(a->geometry.landmarks_106[50].y, 96 - 0.25 * 1.5 * 128, 0.5f);
    ASSERT_EQ(a->geometry.landmarks.size(), 68u);
    EXPECT_NEAR(a->geometry.landmarks[0].x, 128 + 0.25 * 1.5 * 128, 0.5f);
    EXPECT_NEAR(a->geometry.landmarks[0].y, 96, 0.5f);
    EXPECT_NEAR(a->geometry.landmarks[0].z, 0.125f * 1.5f * 128, 0.5f);
    ASSERT_TRUE(a->attributes);
    EXPECT_TRUE(a->attributes->male);
    EXPECT_NEAR(a->attributes->age, 31, 0.1f);
    ASSERT_TRUE(a->embedding);
    EXPECT_EQ(a->embedding->values.size(), 512u);
  }
}

TEST_F(Buffalo, AModelThatNormalisesItselfGetsPixelsAsTheyAre) {
  const auto outside = FaceEngine::create(pack());
  put("w600k_r50.onnx", embedder(true));
  const auto inside = FaceEngine::create(pack());
  ASSERT_TRUE(outside && inside) << (outside ? inside.error().detail : outside.error().detail);
  const auto a = (*outside)->analyse(picture()), b = (*inside)->analyse(picture());
  ASSERT_TRUE(a && a->embedding && b && b->embedding);
  for (std::size_t i = 0; i < 512; ++i) ASSERT_NEAR(a->embedding->values[i], b->embedding->values[i], 1e-4f) << i;
}

TEST_F(Buffalo, ComparisonNeedsACalibrationAndTakesTheOneInTheFolder) {
  const auto without = FaceEngine::create(pack());
  ASSERT_TRUE(without);
  const Embedding e{(*without)->embedding_model_id(), std::vector<float>(512, 0.1f)};
  const auto refused = (*without)->compare(e, e);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().faults.front().reason, HasSubstr("calibration.json"));

  constexpr std::string_view good =
      R"({"format":1,"model":"w600k-r50","tail":[[0.1,-1],[0.2,-2.5],[0.3,-4]],"logistic":{"slope":20,"midpoint":0.2}})";
  put("calibration.json", as_bytes(good));
  const auto with = FaceEngine::create(pack());
  ASSERT_TRUE(with) << with.error().detail;
  const auto c = (*with)->compare(e, e, Use::live_to_live);
  ASSERT_TRUE(c);
  EXPECT_NEAR(c->threshold, 0.3, 1e-9);
  EXPECT_TRUE(c->match);
  EXPECT_GT(c->likelihood_ratio, 1e5);

  for (const std::string_view bad :
       {R"({"format":2})", R"([])",
        R"({"format":1,"model":"dlib-resnet34","tail":[[0.1,-1],[0.2,-2]],"logistic":{"slope":20,"midpoint":0.2}})",
        R"({"format":1,"model":"w600k-r50","tail":[[0.2,-1],[0.1,-2]],"logistic":{"slope":20,"midpoint":0.2}})",
        R"({"format":1,"model":"w600k-r50","tail":[[0.1,-1]],"logistic":{"slope":20,"midpoint":0.2}})",
        R"({"format":1,"model":"w600k-r50","tail":[[0.1,-1],["x",-2]],"logistic":{"slope":20,"midpoint":0.2}})",
        R"({"format":1,"model":"w600k-r50","tail":[[0.1,-1],[0.2,-2]],"logistic":{"slope":-1,"midpoint":0.2}})"}) {
    put("calibration.json", as_bytes(bad));
    EXPECT_FALSE(FaceEngine::create(pack())) << bad;
  }
}

TEST_F(Buffalo, ASlotKeepsTheOldEngineWhenTheNewOneIsRefusedAndSharesModels) {
  EngineSlot slot;
  EXPECT_EQ(slot.get(), nullptr);
  const auto first = slot.load(pack());
  ASSERT_TRUE(first) << first.error().detail;
  EXPECT_EQ(slot.get(), *first);
  put("2d106det.onnx", as_bytes("no model"));
  EXPECT_FALSE(slot.load(pack()));
  EXPECT_EQ(slot.get(), *first);
  fs::remove(folder_ / "2d106det.onnx");
  const auto second = slot.load(pack());
  ASSERT_TRUE(second) << second.error().detail;
  EXPECT_EQ(slot.get(), *second);
  EXPECT_NE(*first, *second);
  EXPECT_EQ((*second)->models().size(), (*first)->models().size() - 1);
  EXPECT_TRUE((*first)->analyse(picture())) << "who holds the old engine finishes with it";
}

TEST_F(Buffalo, RequestsGoOnWhileEnginesAreSwapped) {
  EngineSlot slot;
  ASSERT_TRUE(slot.load(pack()));
  std::atomic<bool> stop = false;
  std::atomic<int> failed = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&] {
        while (!stop) {
          const auto a = slot.get()->analyse(picture(), {.liveness = false});
          if (!a || !a->embedding) ++failed;
        }
      });
    }
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(slot.load(pack()));
    stop = true;
  }
  EXPECT_EQ(failed, 0);
}

TEST_F(Buffalo, AShadowReportsAndNeverThrows) {
  const auto engine = FaceEngine::create(pack());
  ASSERT_TRUE(engine);
  const auto primary = (*engine)->analyse(picture());
  ASSERT_TRUE(primary);
  std::vector<ShadowReport> seen;
  const Shadow shadow{*engine, [&](const ShadowReport& r) { seen.push_back(r); }};
  shadow.observe(picture(), *primary);
  shadow.observe(picture(), picture(), *primary, Comparison{.similarity = 0.5});
  shadow.observe(imaging::Image{}, *primary);
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_TRUE(seen[0].shadow_found);
  EXPECT_NEAR(seen[0].shadow_quality, primary->quality.score, 0.2);
  EXPECT_EQ(seen[1].primary->similarity, 0.5);
  EXPECT_THAT(seen[1].error, HasSubstr("calibration")) << "the shadow's own trouble is only reported";
  EXPECT_FALSE(seen[2].error.empty());
  const Shadow broken{*engine, [](const ShadowReport&) { throw std::runtime_error{"callback"}; }};
  broken.observe(picture(), *primary);
}

TEST(DecodeLandmarks, TooShortOutputsAndValuesThatAreNoNumbersGiveNone) {
  const std::vector<float> ten(10, 0.0f), nan(212, std::numeric_limits<float>::quiet_NaN());
  EXPECT_TRUE(decode_landmarks(ten, 106, 2, 192, {}).empty());
  EXPECT_TRUE(decode_landmarks(nan, 106, 2, 192, {}).empty());
  EXPECT_FALSE(decode_attributes(ten));
  EXPECT_FALSE(decode_attributes(std::span{nan}.first(3)));
}

}  // namespace
}  // namespace authx::face
