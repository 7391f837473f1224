#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <iterator>
#include <random>

#include "engines/document/line/decode.h"
#include "engines/document/line/framing.h"
#include "engines/document/line/network.h"
#include "engines/document/line/reader.h"
#include "engines/document/lines.h"
#include "engines/document/ocr.h"
#include "engines/document/print.h"
#include "engines/specimen/canvas.h"
#include "engines/specimen/specimen.h"
#include "imaging/geometry.h"

namespace authx::document::line {
namespace {

using namespace std::chrono_literals;

std::vector<std::uint8_t> english_file() {
  for (const char* path :
       {"/usr/share/tesseract-ocr/5/tessdata/eng.traineddata", "/usr/share/tesseract-ocr/4.00/tessdata/eng.traineddata"}) {
    std::ifstream in{path, std::ios::binary};
    if (in) return {std::istreambuf_iterator<char>{in}, {}};
  }
  return {};
}

TEST(LineMatrix, ProductsAreTheDefinitionsOnEveryKindOfProcessor) {
  std::mt19937 rng{1};
  for (const auto& [outputs, inputs] : {std::pair{16U, 9U}, {17U, 1U}, {192U, 64U}, {111U, 192U}, {384U, 144U}}) {
    Matrix m{outputs, inputs};
    std::vector<std::vector<std::int8_t>> rows(outputs, std::vector<std::int8_t>(inputs + 1));
    std::uniform_int_distribution<int> value{-127, 127};
    for (std::size_t o = 0; o < outputs; ++o) {
      for (auto& w : rows[o]) w = static_cast<std::int8_t>(value(rng));
      m.set_row(o, rows[o], 0.5F);
    }
    std::vector<std::int16_t> x(2 * m.pairs());
    for (std::size_t i = 0; i < inputs; ++i) x[i] = static_cast<std::int16_t>(value(rng));
    for (const auto* k : {&kernels(), &portable_kernels()}) {
      std::vector<float> out(m.blocks() * Matrix::kLanes);
      k->multiply(m, x.data(), out.data());
      for (std::size_t o = 0; o < outputs; ++o) {
        int sum = 127 * rows[o][inputs];
        for (std::size_t i = 0; i < inputs; ++i) sum += rows[o][i] * x[i];
        ASSERT_EQ(out[o], static_cast<float>(sum) * 0.5F) << o << " of " << outputs << " by " << inputs;
      }
    }
  }
}

TEST(LineMatrix, StepsTangentsAndProbabilitiesAreThoseOfTheMathematicalFunctions) {
  std::mt19937 rng{2};
  std::uniform_real_distribution<float> value{-9, 9};
  constexpr std::size_t kStates = 48;
  for (const auto* k : {&kernels(), &portable_kernels()}) {
    std::vector<float> gates(4 * kStates);
    std::vector<float> state(kStates);
    for (auto& v : gates) v = value(rng);
    for (auto& v : state) v = value(rng);
    gates[0] = 300, gates[kStates] = 300, gates[2 * kStates] = 300, state[0] = 99.9F;  // beyond what an exponential holds
    const auto before = state;
    std::vector<std::int16_t> out(kStates);
    k->step(gates.data(), kStates, state.data(), out.data());
    const auto logistic = [](double v) { return 1 / (1 + std::exp(-v)); };
    for (std::size_t i = 0; i < kStates; ++i) {
      const double cell =
          std::clamp(before[i] * logistic(gates[2 * kStates + i]) + std::tanh(gates[i]) * logistic(gates[kStates + i]), -100.0, 100.0);
      EXPECT_NEAR(state[i], cell, 1e-4);
      EXPECT_NEAR(out[i], 127 * std::tanh(cell) * logistic(gates[3 * kStates + i]), 0.501);
    }
    std::vector<std::int16_t> squashed(kStates);
    k->squash(gates.data(), kStates, squashed.data());
    for (std::size_t i = 0; i < kStates; ++i) EXPECT_NEAR(squashed[i], 127 * std::tanh(gates[i]), 0.501);
    std::vector<float> p(gates.begin(), gates.begin() + 20);
    p[0] = 5;
    double sum = 0;
    for (const float v : std::vector<float>{p}) sum += std::exp(v);
    const auto plain = p;
    k->softmax(p.data(), p.size());
    for (std::size_t i = 0; i < p.size(); ++i) EXPECT_NEAR(p[i], std::exp(plain[i]) / sum, 1e-5);
  }
}

/// A graph of the words "ab" and "aba": letters 3 and 4 of a set of seven.
std::vector<std::uint8_t> words_file() {
  std::vector<std::uint8_t> out{42, 0, 7, 0, 0, 0, 3, 0, 0, 0};
  const auto edge = [&](std::uint64_t letter, std::uint64_t flags, std::uint64_t next) {
    const std::uint64_t e = letter | flags << 3 | next << 6;
    for (unsigned s = 0; s < 64; s += 8) out.push_back(static_cast<std::uint8_t>(e >> s));
  };
  edge(3, 1, 1);
  edge(4, 1 | 4, 2);
  edge(3, 1 | 4, 0);
  return out;
}

/// Three letters, a space and nothing.
Model toy() {
  Model m;
  m.texts = {" ", "a", "b", "7", ""};
  m.numbers = {0, 3, 4, 5, -1};
  m.nothing = 4;
  return m;
}

Probabilities steps(const std::vector<std::vector<float>>& rows) {
  Probabilities p;
  p.steps = rows.size();
  p.classes = p.stride = 5;
  for (const auto& r : rows) p.values.insert(p.values.end(), r.begin(), r.end());
  return p;
}

std::string text_of(const Model& m, const std::vector<Letter>& letters) {
  std::string out;
  for (const auto& l : letters) out += m.texts[l.of];
  return out;
}

TEST(LinePath, EqualNeighboursAreOneCharacterAndNothingDividesThem) {
  const auto m = toy();
  const std::vector<float> a{0.01F, 0.95F, 0.01F, 0.01F, 0.02F};
  const std::vector<float> none{0.01F, 0.01F, 0.01F, 0.01F, 0.96F};
  const std::vector<float> space{0.96F, 0.01F, 0.01F, 0.01F, 0.01F};
  const auto letters = best_path(m, steps({a, a, none, a, space, none, a}), {});
  EXPECT_EQ(text_of(m, letters), "aa a");
  ASSERT_EQ(letters.size(), 4U);
  EXPECT_EQ(letters[0].from, 0U);
  EXPECT_EQ(letters[0].to, 2U);
  EXPECT_EQ(letters[3].from, 6U);
  EXPECT_TRUE(best_path(m, steps({}), {}).empty());
  EXPECT_TRUE(best_path(m, steps({none, none}), {}).empty());
}

TEST(LinePath, AStepThatACharacterSharesWithNothingIsNoDoubt) {
  const auto m = toy();
  const std::vector<float> a{0.005F, 0.98F, 0.005F, 0.005F, 0.005F};
  const std::vector<float> half{0.005F, 0.5F, 0.005F, 0.005F, 0.485F};
  const std::vector<float> other{0.005F, 0.5F, 0.245F, 0.245F, 0.005F};
  const auto shared = best_path(m, steps({half, a, half}), {});
  const auto doubtful = best_path(m, steps({other}), {});
  ASSERT_EQ(text_of(m, shared), "a");
  ASSERT_EQ(text_of(m, doubtful), "a");
  EXPECT_GT(shared[0].certainty, -0.15);
  EXPECT_LT(doubtful[0].certainty, -0.7);
}

TEST(LinePath, NoSpaceIsReadWhereNoneIsSeen) {
  auto m = toy();
  m.words = *Dictionary::parse(words_file());
  const std::vector<float> a{0.01F, 0.95F, 0.01F, 0.01F, 0.02F};
  const std::vector<float> b{0.01F, 0.01F, 0.95F, 0.01F, 0.02F};
  const std::vector<float> gap{0.08F, 0.01F, 0.01F, 0.01F, 0.89F};  // a space would make a word and a number of it
  const std::vector<float> seven{0.01F, 0.01F, 0.01F, 0.95F, 0.02F};
  std::vector<std::vector<float>> rows{a, a, b, b, gap};
  for (int i = 0; i < 12; ++i) rows.push_back(seven);
  const auto letters = best_path(m, steps(rows), {});
  EXPECT_EQ(text_of(m, letters), "ab7");
  EXPECT_FALSE(letters.back().known);
}

TEST(LinePath, OnlyAllowedCharactersAreRead) {
  const auto m = toy();
  const std::vector<float> either{0.01F, 0.8F, 0.01F, 0.16F, 0.02F};
  EXPECT_EQ(text_of(m, best_path(m, steps({either}), {})), "a");
  EXPECT_EQ(text_of(m, best_path(m, steps({either}), {true, false, false, true, true})), "7");
}

TEST(LinePath, WhatThePictureLeavesOpenIsReadAsAKnownWord) {
  auto m = toy();
  m.words = *Dictionary::parse(words_file());  // "ab" and "aba"
  const std::vector<float> a{0.01F, 0.9F, 0.04F, 0.01F, 0.04F};
  const std::vector<float> open{0.01F, 0.45F, 0.4F, 0.01F, 0.13F};
  const std::vector<float> b{0.01F, 0.04F, 0.9F, 0.01F, 0.04F};
  const std::vector<float> seven{0.01F, 0.02F, 0.02F, 0.9F, 0.05F};
  const std::vector<float> none{0.01F, 0.02F, 0.01F, 0.01F, 0.95F};
  const std::vector<float> space{0.95F, 0.01F, 0.01F, 0.01F, 0.02F};
  const auto word = best_path(m, steps({a, none, open}), {});
  EXPECT_EQ(text_of(m, word), "ab");
  EXPECT_TRUE(word[0].known);
  // What can't be a known word is read as it looks, and a number is known.
  const auto others = best_path(m, steps({b, none, open, space, seven, none, seven}), {});
  EXPECT_EQ(text_of(m, others), "ba 77");
  EXPECT_FALSE(others[0].known);
  EXPECT_TRUE(others[3].known);
}

TEST(LineDictionary, HoldsItsWordsAndNoOthers) {
  const auto words = Dictionary::parse(words_file());
  ASSERT_TRUE(words);
  EXPECT_TRUE(words->holds(std::array{3, 4}));
  EXPECT_TRUE(words->holds(std::array{3, 4, 3}));
  for (const auto& no : std::vector<std::vector<int>>{{}, {3}, {4}, {3, 3}, {3, 4, 4}, {3, 4, 3, 4}, {-1}, {1000}})
    EXPECT_FALSE(words->holds(no));
}

TEST(LineDictionary, DamagedFilesAreRefused) {
  const auto good = words_file();
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(Dictionary::parse(BytesView{good}.first(size))) << size;
  auto out_of_itself = good;
  out_of_itself[10] |= 0xC0;  // the first edge leads to the edge numbered 3 and more
  EXPECT_FALSE(Dictionary::parse(out_of_itself));
}

TEST(LineModel, DamagedFilesAreRefusedWithAnError) {
  const auto good = english_file();
  if (good.empty()) GTEST_SKIP() << "Tesseract's English data is not installed";
  ASSERT_TRUE(Model::parse(good));
  EXPECT_FALSE(Model::parse({}));
  for (const std::size_t size : {1U, 4U, 100U, 196U, 300U, 5'000U, 100'000U, 401'000U, 402'000U})
    EXPECT_FALSE(Model::parse(BytesView{good}.first(size))) << size;
  std::mt19937 rng{3};
  for (int i = 0; i < 300; ++i) {
    auto bad = good;
    const std::size_t at = rng() % 2'000;
    bad[at] = static_cast<std::uint8_t>(rng());
    if (const auto m = Model::parse(bad)) EXPECT_EQ(m->texts.size(), m->output.outputs());
  }
}

/// The gray page of a clean specimen, cut to its document.
imaging::Image page_of(specimen::Kind kind, std::uint64_t seed) {
  specimen::Request r;
  r.kind = kind;
  r.seed = seed;
  r.level = 0;
  r.today = Date{2026y / std::chrono::June / 1d};
  auto s = specimen::generate(r);
  EXPECT_TRUE(s);
  return imaging::to_gray(imaging::crop(s->image, imaging::bounds_of(s->truth.outline)));
}

std::string joined(const std::vector<Word>& words) {
  std::string out;
  for (const auto& w : words) out += (out.empty() ? "" : " ") + w.text;
  return out;
}

TEST(LineReader, SaysWhatTesseractSaysOfCleanPrint) {
  if (english() == nullptr) GTEST_SKIP() << "Tesseract's English data is not installed";
  std::size_t lines = 0;
  std::size_t same = 0;
  for (const auto kind : {specimen::Kind::pan, specimen::Kind::driving_license, specimen::Kind::voter_id}) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      const auto layout = find_layout(page_of(kind, seed));
      for (const auto& l : layout.lines) {
        if (l.headline > 0.5 || l.letters < 6) continue;
        const auto own = ocr_line(layout.page, l.box, {});
        const int pad = l.box.height / 3 + 2;
        const auto part = imaging::crop(layout.page, {l.box.x - pad, l.box.y - pad, l.box.width + 2 * pad, l.box.height + 2 * pad});
        const auto theirs = ocr(imaging::resize(part, part.width * 36 / l.box.height, part.height * 36 / l.box.height), OcrMode::block, {});
        ASSERT_TRUE(own && theirs);
        const auto sure = [](const Word& w) { return w.confidence > 0.9; };
        if (theirs->empty() || !std::ranges::all_of(*theirs, sure)) continue;
        ++lines;
        same += joined(*own) == joined(*theirs) ? 1 : 0;
      }
    }
  }
  EXPECT_GT(lines, 40U);
  EXPECT_GE(same * 100, lines * 97) << same << " of " << lines;
}

TEST(LineReader, WordsLieWhereTheyArePrintedEitherWayUp) {
  if (english() == nullptr) GTEST_SKIP() << "Tesseract's English data is not installed";
  const auto layout = find_layout(page_of(specimen::Kind::pan, 4));
  const auto turned = imaging::rotate_quarter(layout.page, 2);
  std::size_t seen = 0;
  for (const auto& l : layout.lines) {
    const auto words = ocr_line(layout.page, l.box, {});
    ASSERT_TRUE(words);
    if (joined(*words).find("INCOME TAX") == std::string::npos) continue;
    ++seen;
    ASSERT_GE(words->size(), 2U);
    for (std::size_t i = 0; i + 1 < words->size(); ++i) EXPECT_LE((*words)[i].box.x, (*words)[i + 1].box.x);
    for (const auto& w : *words) {
      EXPECT_LE(w.box.y, l.box.y);
      EXPECT_GE(w.box.y + w.box.height, l.box.y + l.box.height);
      EXPECT_GE(w.box.x, l.box.x - l.box.height);
      EXPECT_LE(w.box.x + w.box.width, l.box.x + l.box.width + l.box.height);
    }
    const imaging::Box there{turned.width - l.box.x - l.box.width, turned.height - l.box.y - l.box.height, l.box.width, l.box.height};
    const auto other = ocr_line(turned, there, {}, true);
    ASSERT_TRUE(other);
    ASSERT_EQ(joined(*other), joined(*words));
    // Boxes are on the page turned by half, which is the upright one again.
    for (std::size_t i = 0; i < words->size(); ++i) {
      EXPECT_NEAR((*other)[i].box.x, (*words)[i].box.x, 3);
      EXPECT_NEAR((*other)[i].box.y, (*words)[i].box.y, 3);
    }
  }
  EXPECT_EQ(seen, 1U);
}

TEST(LineReader, AWhitelistIsKept) {
  if (english() == nullptr) GTEST_SKIP() << "Tesseract's English data is not installed";
  const auto layout = find_layout(page_of(specimen::Kind::pan, 4));
  for (const auto& l : layout.lines) {
    const auto words = ocr_line(layout.page, l.box, {}, false, 36, "0123456789");
    ASSERT_TRUE(words);
    for (const auto& w : *words) EXPECT_EQ(w.text.find_first_not_of("0123456789"), std::string::npos) << w.text;
  }
}

TEST(LineReader, PaperAroundALineChangesNothing) {
  if (english() == nullptr) GTEST_SKIP() << "Tesseract's English data is not installed";
  specimen::Canvas canvas(700, 200, {0.95, 0.95, 0.95});
  canvas.rotated_text(350, 100, 0, "2341 2341 2346", "Liberation Sans", 36, {0.1, 0.1, 0.2});
  const auto gray = imaging::to_gray(canvas.image());
  for (const int pad : {6, 15, 25, 35}) {
    const auto words = ocr(imaging::crop(gray, {210 - pad, 85 - pad, 280 + 2 * pad, 30 + 2 * pad}), OcrMode::line, {});
    ASSERT_TRUE(words);
    EXPECT_EQ(joined(*words), "2341 2341 2346") << pad;
  }
}

TEST(LineReader, PicturesOfNothingAreReadAsNothing) {
  if (english() == nullptr) GTEST_SKIP() << "Tesseract's English data is not installed";
  const imaging::Image blank(400, 60, 1, 255);
  EXPECT_TRUE(read_words(*english(), blank).empty()) << "of another height";
  EXPECT_TRUE(read_words(*english(), imaging::Image(2, Model::kHeight, 1, 255)).empty());
  EXPECT_TRUE(read_words(*english(), imaging::Image(300, Model::kHeight, 1, 255)).empty());
  for (const imaging::Box box : {imaging::Box{0, 0, 0, 0}, {-50, -50, 20, 20}, {390, 50, 900, 900}, {0, 0, 400, 2}, {10, 10, 1, 40}}) {
    EXPECT_TRUE(ocr_line(blank, box, {})) << box.x;
  }
}

}  // namespace
}  // namespace authx::document::line
