#include <gtest/gtest.h>

#include <cmath>

#include "engines/face/align.h"
#include "engines/face/decode.h"

namespace authx::face {
namespace {

using inference::TensorView;

TEST(FitSimilarity, RecoversRotationScaleAndTranslation) {
  const Similarity truth{1.7 * std::cos(0.4), 1.7 * std::sin(0.4), 30, -12};
  FivePoints from = arcface_template(), to;
  for (std::size_t i = 0; i < 5; ++i) to[i] = truth(from[i]);
  const auto found = fit_similarity(from, to);
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->scale(), 1.7, 1e-5);
  EXPECT_NEAR(found->rotation(), 0.4, 1e-5);
  EXPECT_NEAR(found->tx, 30, 1e-3);
  EXPECT_NEAR(found->ty, -12, 1e-3);
}

TEST(FitSimilarity, NoOtherNearbySimilarityLeavesSmallerResiduals) {
  const FivePoints from = arcface_template();
  FivePoints to = dlib_template();
  to[2].x += 9, to[4].y -= 7;
  const auto found = fit_similarity(from, to);
  ASSERT_TRUE(found);
  const auto cost = [&](const Similarity& s) {
    double sum = 0;
    for (std::size_t i = 0; i < 5; ++i) {
      const Point p = s(from[i]);
      sum += std::pow(p.x - to[i].x, 2) + std::pow(p.y - to[i].y, 2);
    }
    return sum;
  };
  const double best = cost(*found);
  for (const double d : {-0.02, 0.02}) {
    EXPECT_GT(cost({found->a + d, found->b, found->tx, found->ty}), best);
    EXPECT_GT(cost({found->a, found->b + d, found->tx, found->ty}), best);
    EXPECT_GT(cost({found->a, found->b, found->tx + 20 * d, found->ty}), best);
    EXPECT_GT(cost({found->a, found->b, found->tx, found->ty + 20 * d}), best);
  }
}

TEST(FitSimilarity, CoincidentOrInfinitePointsGiveNone) {
  FivePoints same{};
  EXPECT_FALSE(fit_similarity(same, arcface_template()));
  FivePoints infinite = arcface_template();
  infinite[3].x = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(fit_similarity(infinite, arcface_template()));
  EXPECT_FALSE(fit_similarity(std::span<const Point>{}, std::span<const Point>{}));
}

TEST(Similarity, TheInverseUndoesIt) {
  const Similarity s{0.8, -0.6, 5, 9};
  const Point p = s.inverse()(s(Point{3, 4}));
  EXPECT_NEAR(p.x, 3, 1e-5);
  EXPECT_NEAR(p.y, 4, 1e-5);
}

TEST(WarpCrop, ShrinkingKeepsPlacesAtEveryScale) {
  cv::Mat image(2000, 2000, CV_8UC3, cv::Scalar::all(0));
  image(cv::Rect{900, 1100, 200, 200}).setTo(cv::Scalar{10, 120, 240});
  for (const double scale : {1.0, 0.5, 0.11}) {  // with and without the area pass
    const int size = 100;
    const Similarity to_crop{scale, 0, size / 2.0 - scale * 999.5, size / 2.0 - scale * 1199.5};
    const cv::Mat crop = warp_crop(image, to_crop, size);
    std::vector<double> bright;
    for (const auto& p : cv::Mat_<cv::Vec3b>(crop)) bright.push_back(p[2]);
    double weight = 0, x = 0, y = 0;
    for (int v = 0; v < size; ++v) {
      for (int u = 0; u < size; ++u)
        weight += bright[static_cast<std::size_t>(v * size + u)], x += u * bright[static_cast<std::size_t>(v * size + u)],
            y += v * bright[static_cast<std::size_t>(v * size + u)];
    }
    ASSERT_GT(weight, 0);
    if (scale < 0.4) {
      EXPECT_NEAR(x / weight, size / 2.0, 0.3) << scale;
      EXPECT_NEAR(y / weight, size / 2.0, 0.3) << scale;
    }
  }
}

TEST(Suppress, KeepsTheBestOfOverlappingFacesAndAllThatStandApart) {
  const auto kept = suppress({{0.6f, {0, 0, 10, 10}, {}}, {0.9f, {1, 1, 10, 10}, {}}, {0.7f, {50, 50, 10, 10}, {}}}, 0.3f, false);
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_FLOAT_EQ(kept[0].score, 0.9f);
  EXPECT_FLOAT_EQ(kept[0].box.x, 1);
  EXPECT_FLOAT_EQ(kept[1].score, 0.7f);
}

TEST(Suppress, AveragingWeighsByScoreAndDropsBoxesThatAreNone) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto kept = suppress(
      {{0.75f, {0, 0, 10, 10}, {}}, {0.25f, {4, 0, 10, 10}, {}}, {0.9f, {0, 0, -1, 5}, {}}, {0.9f, {nan, 0, 5, 5}, {}}}, 0.3f, true);
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_NEAR(kept[0].box.x, 1, 1e-5);
}

/// Output tensors of a detector, zero where nothing is set.
struct Maps {
  std::vector<std::vector<float>> data;
  std::vector<inference::Shape> shapes;
  void add(std::size_t size, inference::Shape shape = {}) {
    data.emplace_back(size, 0.0f);
    shapes.push_back(std::move(shape));
  }
  std::vector<TensorView> views() const {
    std::vector<TensorView> out;
    for (std::size_t i = 0; i < data.size(); ++i) out.push_back({data[i], shapes[i]});
    return out;
  }
};

TEST(DecodeYunet, PlacesAFaceByItsCellAndStride) {
  Maps maps;
  for (const std::size_t channels : {1, 1, 4, 10}) {
    for (const std::size_t side : {8, 4, 2}) maps.add(channels * side * side);  // 64 x 64
  }
  const std::size_t cell = 2 * 4 + 3, cells = 16;  // row 2, column 3 at stride 16
  maps.data[1][cell] = 0.81f, maps.data[4][cell] = 0.64f;
  maps.data[7][cell] = 0.5f, maps.data[7][cell + cells] = 0.25f;
  maps.data[7][cell + 2 * cells] = std::log(2.0f), maps.data[7][cell + 3 * cells] = std::log(3.0f);
  maps.data[10][cell] = 1.0f, maps.data[10][cell + cells] = -1.0f;
  const auto faces = decode_yunet(maps.views(), 64, 64, 0.5f);
  ASSERT_EQ(faces.size(), 1u);
  EXPECT_NEAR(faces[0].score, 0.72f, 1e-5f);
  EXPECT_NEAR(faces[0].box.x, 3.5f * 16 - 16, 1e-3f);
  EXPECT_NEAR(faces[0].box.y, 2.25f * 16 - 24, 1e-3f);
  EXPECT_NEAR(faces[0].box.width, 32, 1e-3f);
  EXPECT_NEAR(faces[0].box.height, 48, 1e-3f);
  EXPECT_NEAR(faces[0].points[0].x, 64, 1e-3f);
  EXPECT_NEAR(faces[0].points[0].y, 16, 1e-3f);
  EXPECT_TRUE(decode_yunet(maps.views(), 96, 64, 0.5f).empty()) << "tensors of another size";
}

TEST(DecodeScrfd, RowsAndPlanarMapsGiveTheSameFaces) {
  Maps rows, planar;
  for (const std::size_t channels : {1, 4, 10}) {
    for (const std::int64_t side : {8, 4, 2}) {
      const auto cells = static_cast<std::size_t>(side * side);
      rows.add(2 * channels * cells, {side * side * 2, static_cast<std::int64_t>(channels)});
      planar.add(2 * channels * cells, {1, static_cast<std::int64_t>(2 * channels), side, side});
    }
  }
  const auto set = [&](std::size_t level, std::size_t kind, std::size_t channels, std::size_t cell, std::size_t anchor, std::size_t k,
                       float v) {
    const std::size_t cells = rows.data[level].size() / 2, index = kind * 3 + level;
    rows.data[index][(cell * 2 + anchor) * channels + k] = v;
    planar.data[index][(anchor * channels + k) * cells + cell] = v;
  };
  set(0, 0, 1, 9, 1, 0, 0.9f);  // stride 8, row 1, column 1
  for (std::size_t k = 0; k < 4; ++k) set(0, 1, 4, 9, 1, k, static_cast<float>(k + 1));
  for (std::size_t k = 0; k < 10; ++k) set(0, 2, 10, 9, 1, k, 0.1f * static_cast<float>(k));
  set(2, 0, 1, 3, 0, 0, 0.7f);
  for (std::size_t k = 0; k < 4; ++k) set(2, 1, 4, 3, 0, k, 0.5f);
  const auto a = decode_scrfd(rows.views(), 64, 64, 0.5f), b = decode_scrfd(planar.views(), 64, 64, 0.5f);
  ASSERT_EQ(a.size(), 2u);
  ASSERT_EQ(b.size(), 2u);
  EXPECT_FLOAT_EQ(a[0].box.x, 0);  // 8 − 1·8
  EXPECT_FLOAT_EQ(a[0].box.y, -8);
  EXPECT_FLOAT_EQ(a[0].box.width, 32);
  EXPECT_FLOAT_EQ(a[0].box.height, 48);
  EXPECT_FLOAT_EQ(a[0].points[1].y, 8 + 0.3f * 8);
  EXPECT_FLOAT_EQ(a[1].box.x, 16);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_FLOAT_EQ(a[i].box.x, b[i].box.x);
    EXPECT_FLOAT_EQ(a[i].box.height, b[i].box.height);
    EXPECT_FLOAT_EQ(a[i].points[4].x, b[i].points[4].x);
  }
}

TEST(DecodeBlazeface, AnchorsStandAtCellCentresAndScoresAreLogits) {
  Maps maps;
  maps.add(512), maps.add(384), maps.add(512 * 16), maps.add(384 * 16);
  for (auto* scores : {&maps.data[0], &maps.data[1]}) std::ranges::fill(*scores, -20.0f);
  const std::size_t anchor = (3 * 8 + 5) * 6 + 2;  // stride 32, row 3, column 5
  maps.data[1][anchor] = 2.0f;
  float* r = maps.data[3].data() + 16 * anchor;
  r[0] = 4, r[1] = -6, r[2] = 60, r[3] = 80, r[4] = -15, r[5] = -10, r[6] = 15, r[7] = -10;
  const auto faces = decode_blazeface(maps.views(), 0.5f);
  ASSERT_EQ(faces.size(), 1u);
  EXPECT_NEAR(faces[0].score, 1 / (1 + std::exp(-2.0f)), 1e-6f);
  EXPECT_FLOAT_EQ(faces[0].box.x, 176 + 4 - 30);
  EXPECT_FLOAT_EQ(faces[0].box.y, 112 - 6 - 40);
  EXPECT_FLOAT_EQ(faces[0].points[0].x, 161);
  EXPECT_FLOAT_EQ(faces[0].points[1].y, 102);
}

}  // namespace
}  // namespace authx::face
