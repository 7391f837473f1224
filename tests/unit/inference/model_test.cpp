#include "inference/model.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <thread>

#include <unistd.h>

#include "inference/onnx.h"
#include "inference/pack.h"
#include "onnx_bytes.h"

namespace authx::inference {
namespace {

using test::TinyModel;
using ::testing::HasSubstr;

std::vector<Backend> backends() {
  return openvino_available() ? std::vector{Backend::openvino, Backend::opencv} : std::vector{Backend::opencv};
}

Result<std::shared_ptr<const Model>> load(const Bytes& bytes, Backend backend = Backend::opencv, ModelInfo info = {}) {
  info.id = "tiny@test";
  return Model::from_bytes(std::move(info), bytes, {.backend = backend});
}

float pixel(std::size_t i) { return static_cast<float>(i % 17) / 8.0f - 1.0f; }

/// What the tiny model computes, from its definition.
std::vector<float> expected(const TinyModel& m, std::size_t plane) {
  std::vector<float> out;
  for (std::size_t o = 0; o < 2; ++o) {
    for (std::size_t p = 0; p < plane; ++p) {
      float sum = m.bias[o];
      for (std::size_t c = 0; c < 3; ++c) sum += m.weights[o * 3 + c] * pixel(c * plane + p);
      out.push_back(std::max(sum, 0.0f));
    }
  }
  return out;
}

void expect_right(const Model& model, const TinyModel& tiny, Shape shape) {
  auto run = model.start(shape);
  ASSERT_TRUE(run) << run.error().detail;
  const auto plane = static_cast<std::size_t>(shape[2] * shape[3]);
  ASSERT_EQ(run->input().size(), 3 * plane);
  for (std::size_t i = 0; i < 3 * plane; ++i) run->input()[i] = pixel(i);
  ASSERT_TRUE(run->execute());
  const auto output = run->output(0);
  const auto wanted = expected(tiny, plane);
  ASSERT_EQ(output.data.size(), wanted.size());
  EXPECT_EQ(Shape(output.shape.begin(), output.shape.end()), (Shape{1, 2, shape[2], shape[3]}));
  for (std::size_t i = 0; i < wanted.size(); ++i) ASSERT_NEAR(output.data[i], wanted[i], 1e-5f) << i;
}

TEST(Model, EveryBackendComputesWhatTheGraphSays) {
  const TinyModel tiny;
  for (const Backend backend : backends()) {
    const auto model = load(tiny.bytes(), backend);
    ASSERT_TRUE(model) << model.error().detail;
    EXPECT_EQ((*model)->backend(), backend);
    expect_right(**model, tiny, {1, 3, 8, 8});
  }
}

TEST(Model, OpenExtentsRunAtAnySizeAndTheContractSaysWhichAreOpen) {
  TinyModel tiny;
  tiny.input = {1, 3, -1, -1};
  for (const Backend backend : backends()) {
    const auto model = load(tiny.bytes(), backend);
    ASSERT_TRUE(model) << model.error().detail;
    EXPECT_EQ((*model)->info().contract.input.shape, (Shape{1, 3, -1, -1}));
    expect_right(**model, tiny, {1, 3, 4, 6});
    expect_right(**model, tiny, {1, 3, 32, 16});
    expect_right(**model, tiny, {1, 3, 4, 6});
    EXPECT_FALSE((*model)->start());
    EXPECT_FALSE((*model)->start({1, 4, 8, 8}));
    EXPECT_FALSE((*model)->start({1, 3, 0, 8}));
    EXPECT_FALSE((*model)->start({1, 3, 1 << 20, 1 << 20}));
  }
}

TEST(Model, AModelOfFixedSizeServesAnotherSizeWhenTheContractLeavesItOpen) {
  const TinyModel tiny;
  ModelInfo info;
  info.contract.input = {"x", {1, 3, -1, -1}};
  for (const Backend backend : backends()) {
    const auto model = load(tiny.bytes(), backend, info);
    ASSERT_TRUE(model) << model.error().detail;
    expect_right(**model, tiny, {1, 3, 16, 4});
  }
}

TEST(Model, InputSizesInUseAreBounded) {
  TinyModel tiny;
  tiny.input = {1, 3, -1, -1};
  const auto model = load(tiny.bytes());
  ASSERT_TRUE(model);
  std::size_t accepted = 0;
  for (int side = 1; side <= 40; ++side) accepted += (*model)->start({1, 3, side, side}) ? 1 : 0;
  EXPECT_EQ(accepted, 16u);
}

TEST(Model, ThreadsShareOneModelWithoutMixingTheirResults) {
  const TinyModel tiny;
  for (const Backend backend : backends()) {
    const auto model = load(tiny.bytes(), backend);
    ASSERT_TRUE(model);
    std::atomic<int> wrong = 0;
    {
      std::vector<std::jthread> threads;
      for (int t = 0; t < 6; ++t) {
        threads.emplace_back([&, t] {
          for (int round = 0; round < 50; ++round) {
            auto run = (*model)->start();
            if (!run) {
              ++wrong;
              continue;
            }
            const float x = static_cast<float>(t + 1);
            std::ranges::fill(run->input(), x);
            if (!run->execute()) ++wrong;
            for (std::size_t o = 0; o < 2; ++o) {
              const float sum = tiny.bias[o] + x * (tiny.weights[o * 3] + tiny.weights[o * 3 + 1] + tiny.weights[o * 3 + 2]);
              if (std::abs(run->output(0).data[o * 64 + 5] - std::max(sum, 0.0f)) > 1e-4f) ++wrong;
            }
          }
        });
      }
    }
    EXPECT_EQ(wrong, 0);
  }
}

TEST(Model, ABegunRunGivesTheSameAndMayBeLeftUnfinished) {
  const TinyModel tiny;
  for (const Backend backend : backends()) {
    const auto model = load(tiny.bytes(), backend);
    ASSERT_TRUE(model);
    for (int round = 0; round < 3; ++round) {
      auto first = (*model)->start(), second = (*model)->start();
      ASSERT_TRUE(first && second);
      for (std::size_t i = 0; i < first->input().size(); ++i) first->input()[i] = pixel(i), second->input()[i] = -pixel(i);
      ASSERT_TRUE(first->begin() && second->begin());
      inference::Run moved = *std::move(first);
      ASSERT_TRUE(moved.finish());
      const auto wanted = expected(tiny, 64);
      for (std::size_t i = 0; i < wanted.size(); ++i) ASSERT_NEAR(moved.output(0).data[i], wanted[i], 1e-5f);
    }  // the second one's end waits for it
  }
}

TEST(Model, ABatchGivesWhatItsPicturesGiveOneByOne) {
  TinyModel tiny;
  tiny.input = {-1, 3, 8, 8};
  for (const Backend backend : backends()) {
    const auto model = load(tiny.bytes(), backend);
    ASSERT_TRUE(model) << model.error().detail;
    auto one = (*model)->start({1, 3, 8, 8}), two = (*model)->start({2, 3, 8, 8});
    ASSERT_TRUE(one && two);
    for (std::size_t i = 0; i < 192; ++i) one->input()[i] = two->input()[i + 192] = pixel(i), two->input()[i] = -pixel(i);
    ASSERT_TRUE(one->execute() && two->execute());
    ASSERT_EQ(two->output(0).data.size(), 256u);
    for (std::size_t i = 0; i < 128; ++i) ASSERT_NEAR(one->output(0).data[i], two->output(0).data[i + 128], 1e-6f);
  }
}

TEST(Onnx, NormalisationInTheGraphIsSeen) {
  const auto graph = [](bool inside) {
    test::OnnxGraph g;
    g.input("x", {1, 3, 8, 8}).output("y", {1, 3, 8, 8}).floats("m", {1}, {127.5f});
    if (inside) {
      g.node("Sub", {"x", "m"}, "a").node("Mul", {"a", "m"}, "y");
    } else {
      g.node("Mul", {"x", "m"}, "y");
    }
    return g.bytes();
  };
  EXPECT_TRUE(*onnx::normalises_input(graph(true)));
  EXPECT_FALSE(*onnx::normalises_input(graph(false)));
  EXPECT_FALSE(onnx::normalises_input(to_bytes("\x3a\x7fxx")));
}

TEST(Model, AnAlteredFileIsRefusedByItsHash) {
  const TinyModel tiny;
  const auto good = load(tiny.bytes());
  ASSERT_TRUE(good);
  ModelInfo info;
  info.sha256 = (*good)->info().sha256;
  EXPECT_TRUE(load(tiny.bytes(), Backend::opencv, info));
  Bytes altered = tiny.bytes();
  altered[altered.size() / 2] ^= 1;
  const auto refused = load(altered, Backend::opencv, info);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::validation);
  EXPECT_THAT(refused.error().detail, HasSubstr("altered"));
}

TEST(Model, EveryTruncationIsRefusedOnEveryBackend) {
  const Bytes whole = TinyModel{}.bytes();
  for (const Backend backend : backends()) {
    for (std::size_t size = 0; size < whole.size(); size += 7) {
      EXPECT_FALSE(load(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)), backend)) << size;
    }
  }
}

TEST(Model, ForeignFilesAreNamedAsSuch) {
  for (const auto& bytes :
       {Bytes{}, to_bytes("\x89PNG\r\n\x1a\n and so on"), Bytes(4096, 0xFF), to_bytes("{\"format\": \"graph-model\"}")}) {
    const auto model = load(bytes);
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().code, Errc::validation);
    EXPECT_THAT(model.error().detail, HasSubstr("tiny@test"));
  }
}

TEST(Model, WeightsInOtherFilesAreRefused) {
  TinyModel tiny;
  tiny.external = true;
  const auto model = load(tiny.bytes());
  ASSERT_FALSE(model);
  EXPECT_THAT(model.error().detail, HasSubstr("other files"));
}

TEST(Model, WeightsThatGiveNoNumbersFailTheSelfTest) {
  TinyModel tiny;
  tiny.bias[0] = std::numeric_limits<float>::infinity();
  for (const Backend backend : backends()) {
    const auto model = load(tiny.bytes(), backend);
    ASSERT_FALSE(model);
    EXPECT_THAT(model.error().detail, HasSubstr("no numbers"));
  }
}

TEST(Model, AnotherSignatureThanTheContractIsRefused) {
  const auto refuse = [](Contract contract, const char* why) {
    ModelInfo info;
    info.contract = std::move(contract);
    const auto model = load(TinyModel{}.bytes(), Backend::opencv, info);
    ASSERT_FALSE(model);
    EXPECT_THAT(model.error().detail, HasSubstr(why));
  };
  refuse({{"other", {}}, {}}, "named");
  refuse({{"x", {1, 3, 9, 8}}, {}}, "9x8");
  refuse({{"x", {}}, {{"y", {}}, {"z", {}}}}, "outputs");
  refuse({{"x", {}}, {{"y", {1, 5, 8, 8}}}}, "output y");
}

TEST(Onnx, FixingTheInputKeepsEverythingElse) {
  TinyModel tiny;
  tiny.input = {1, 3, -1, -1};
  const auto fixed = onnx::with_input_shape(tiny.bytes(), {1, 3, 5, 7});
  ASSERT_TRUE(fixed);
  const auto contract = onnx::inspect(*fixed);
  ASSERT_TRUE(contract);
  EXPECT_EQ(contract->input, (TensorSpec{"x", {1, 3, 5, 7}}));
  ASSERT_EQ(contract->outputs.size(), 1u);
  EXPECT_EQ(contract->outputs[0].name, "y");
  EXPECT_FALSE(onnx::with_input_shape(tiny.bytes(), {1, 3, 5}));
}

std::string default_pack() { return std::string{AUTHX_SOURCE_DIR} + "/.deps/models/default"; }

void expect_same_on_both_backends(const Pack& pack) {
  for (const auto& info : pack.models) {
    const auto fast = Model::load(info, {.backend = Backend::openvino}), plain = Model::load(info, {.backend = Backend::opencv});
    ASSERT_TRUE(fast) << fast.error().detail;
    ASSERT_TRUE(plain) << plain.error().detail;
    Shape shape = info.contract.input.shape.empty() ? (*fast)->info().contract.input.shape : info.contract.input.shape;
    for (std::size_t i = 0; i < shape.size(); ++i) shape[i] = shape[i] > 0 ? shape[i] : i == 0 ? 1 : 320;
    auto a = (*fast)->start(shape), b = (*plain)->start(shape);
    ASSERT_TRUE(a && b);
    for (std::size_t i = 0; i < a->input().size(); ++i) a->input()[i] = b->input()[i] = static_cast<float>(i * 7919 % 1000) / 1000.0f;
    ASSERT_TRUE(a->execute() && b->execute());
    ASSERT_EQ(a->outputs(), b->outputs());
    for (std::size_t o = 0; o < a->outputs(); ++o) {
      const auto x = a->output(o).data, y = b->output(o).data;
      ASSERT_EQ(x.size(), y.size());
      float largest = 0, difference = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        largest = std::max(largest, std::abs(x[i]));
        difference = std::max(difference, std::abs(x[i] - y[i]));
      }
      EXPECT_GT(largest, 0) << info.id;
      EXPECT_LE(difference, 1e-4f * std::max(largest, 1.0f)) << info.id << " output " << o;
    }
  }
}

TEST(Pack, TheDefaultPackGivesTheSameOnBothBackends) {
  const auto pack = find_pack(default_pack());
  if (!pack && pack.error().code == Errc::not_found) GTEST_SKIP() << "default models are not prepared";
  ASSERT_TRUE(pack) << pack.error().detail;
  if (!openvino_available()) GTEST_SKIP() << "OpenVINO is not installed";
  ASSERT_EQ(pack->models.size(), 4u);
  expect_same_on_both_backends(*pack);
}

TEST(Pack, TheOpenPackGivesTheSameOnBothBackends) {
  const char* given = std::getenv("AUTHX_SHARED_DATA");
  const auto pack = find_pack((given ? std::string{given} : std::string{AUTHX_SOURCE_DIR} + "/../shared/data") + "/face/models");
  if (!pack) GTEST_SKIP() << "no open pack in the development data";
  if (!openvino_available()) GTEST_SKIP() << "OpenVINO is not installed";
  ASSERT_EQ(pack->models.size(), 4u);
  expect_same_on_both_backends(*pack);
}

class PackFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / fmt::format("authx-pack-{}", ::getpid());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void put(const std::string& name, std::string_view text) { std::ofstream{folder_ / name, std::ios::binary} << text; }
  std::filesystem::path folder_;
};

TEST_F(PackFolder, AnEmptyFolderHoldsNoPackAndAMissingOneIsNotFound) {
  EXPECT_EQ(find_pack(folder_.string()).error().code, Errc::not_found);
  EXPECT_EQ(find_pack((folder_ / "absent" / "deeper").string()).error().code, Errc::not_found);
}

TEST_F(PackFolder, BuffaloIsRecognisedByItsFilesAndSaysThatItIsNotForCommercialUse) {
  put("det_10g.onnx", "x");
  put("w600k_r50.onnx", "x");
  const auto pack = find_pack((folder_ / "face_recognition_model.pth").string());  // a file names its folder
  ASSERT_TRUE(pack);
  EXPECT_EQ(pack->name, "buffalo_l");
  EXPECT_THAT(pack->notice, HasSubstr("non-commercial"));
  ASSERT_NE(pack->find("embedding"), nullptr);
  EXPECT_EQ(pack->find("embedding")->id, "w600k-r50@4c06341c");
  EXPECT_FALSE(pack->find("embedding")->commercial_use);
  const auto model = Model::load(*pack->find("detector"));
  ASSERT_FALSE(model);
  EXPECT_THAT(model.error().detail, HasSubstr("altered"));
}

TEST_F(PackFolder, TheDefaultPacksMeshCompletesAnotherPack) {
  put("yunet_n_raw.onnx", "x");
  put("mobilefacenet_foamliu.onnx", "x");
  Pack standard;
  ModelInfo mesh;
  mesh.id = "facemesh@0";
  mesh.role = "mesh";
  standard.models.push_back(mesh);
  const auto pack = find_pack(folder_.string(), &standard);
  ASSERT_TRUE(pack);
  EXPECT_EQ(pack->name, "open");
  ASSERT_NE(pack->find("mesh"), nullptr);
  EXPECT_EQ(pack->find("mesh")->id, "facemesh@0");
}

TEST_F(PackFolder, ACacheSharesModelsOfTheSameContentsAndLetsThemGo) {
  const Bytes bytes = TinyModel{}.bytes();
  put("a.onnx", as_text(bytes));
  ModelInfo info;
  info.id = "tiny@1";
  info.path = (folder_ / "a.onnx").string();
  ModelCache cache;
  const LoadOptions options{.backend = Backend::opencv};
  auto first = cache.load(info, options), second = cache.load(info, options);
  ASSERT_TRUE(first && second) << first.error().detail;
  EXPECT_EQ(*first, *second);
  TinyModel other;
  other.bias[0] = 0.7f;
  put("a.onnx", as_text(other.bytes()));
  const auto third = cache.load(info, options);
  ASSERT_TRUE(third);
  EXPECT_NE(*first, *third) << "the file is another one";
  info.sha256 = std::string(64, '0');
  EXPECT_FALSE(cache.load(info, options));
  const std::weak_ptr<const Model> watched = *first;
  first = second = Result<std::shared_ptr<const Model>>{Errc::not_found};
  EXPECT_TRUE(watched.expired());
}

TEST_F(PackFolder, ACalibrationIsReadWithThePackAndBounded) {
  put("yunet_n_raw.onnx", "x");
  put("mobilefacenet_foamliu.onnx", "x");
  EXPECT_EQ(find_pack(folder_.string())->calibration, "");
  put("calibration.json", "{}");
  EXPECT_EQ(find_pack(folder_.string())->calibration, "{}");
  put("calibration.json", std::string(300 << 10, ' '));
  EXPECT_EQ(find_pack(folder_.string()).error().code, Errc::validation);
}

TEST_F(PackFolder, BrokenManifestsAreRefused) {
  for (const char* text : {"", "[]", "{\"format\": 2, \"pack\": \"default\", \"models\": []}",
                           "{\"format\": 1, \"pack\": \"default\", \"models\": [{\"id\": \"a\"}]}"}) {
    put("manifest.json", text);
    EXPECT_EQ(find_pack(folder_.string()).error().code, Errc::validation) << text;
  }
  const std::string hash(64, '0');
  put("manifest.json", R"({"format": 1, "pack": "default", "models": [{"id": "a@1", "role": "detector", "file": "../../etc/passwd",
       "sha256": ")" + hash +
                           R"(", "input": {"name": "x", "shape": [1]}, "outputs": []}]})");
  EXPECT_EQ(find_pack(folder_.string()).error().code, Errc::validation);
}

TEST_F(PackFolder, AManifestCannotReplaceThePinnedHashesOfTheDefaultPack) {
  const std::string hash(64, '0');
  put("manifest.json", R"({"format": 1, "pack": "default", "models": [{"id": "iris@1", "role": "iris", "file": "iris_64.onnx",
       "sha256": ")" + hash +
                           R"(", "input": {"name": "input", "shape": [1, 3, 64, 64]}, "outputs": []}]})");
  const auto pack = find_pack(folder_.string());
  ASSERT_TRUE(pack) << pack.error().detail;
  EXPECT_NE(pack->models.at(0).sha256, hash);
}

}  // namespace
}  // namespace authx::inference
