#include "engines/face/active.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <numbers>
#include <random>
#include <set>

#include "engines/face/active_geometry.h"
#include "engines/face/active_measure.h"
#include "engines/face/active_motion.h"
#include "imaging/decode.h"
#include "inference/pack.h"
#include "support/face_film.h"
#include "support/video_writer.h"

namespace authx::face::active {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::array<std::uint8_t, kPlanEntropy> entropy(std::uint32_t seed) {
  std::mt19937 random{seed};
  std::array<std::uint8_t, kPlanEntropy> out{};
  for (auto& b : out) b = static_cast<std::uint8_t>(random());
  return out;
}

TEST(Plan, AlwaysHoldsATurnAndALivingMovementAndNeverFlashesFast) {
  std::set<std::string> orders;
  for (std::uint32_t seed = 0; seed < 400; ++seed) {
    for (const bool lights : {true, false}) {
      const auto plan = make_plan(entropy(seed), {.lights = lights});
      int turns = 0, living = 0, tasks = 0, shone = 0;
      std::string order;
      milliseconds end{0};
      for (std::size_t i = 0; i < plan.steps.size(); ++i) {
        const auto& s = plan.steps[i];
        EXPECT_GE(s.at, i == 0 ? 1000ms : end);
        end = s.at + s.duration;
        order += to_string(s.action);
        turns += s.action == Action::turn_left || s.action == Action::turn_right ? 1 : 0;
        living += s.action == Action::blink || s.action == Action::smile ? 1 : 0;
        if (s.action == Action::light) {
          ++shone;
          EXPECT_GE(s.duration, 400ms);  // at most three changes a second
          EXPECT_FALSE(s.colour.red > 200 && s.colour.green < 50 && s.colour.blue < 50) << "saturated red";
          if (i > 0 && plan.steps[i - 1].action == Action::light) {
            const auto& before = plan.steps[i - 1].colour;
            EXPECT_FALSE(before.red == s.colour.red && before.green == s.colour.green && before.blue == s.colour.blue);
          }
        } else {
          ++tasks;
        }
      }
      EXPECT_GE(turns, 1);
      EXPECT_GE(living, 1);
      EXPECT_EQ(tasks, lights ? 3 : 4);
      EXPECT_EQ(shone, lights ? 4 : 0);
      EXPECT_GE(plan.length, end);
      orders.insert(order);
    }
  }
  EXPECT_GT(orders.size(), 150U);
}

TEST(Plan, AFollowUpAsksForWhatWasMissedAndForATurnWhereTheDepthIsOpen) {
  const auto of = [](const Plan& plan) {
    std::vector<Action> tasks;
    for (const auto& s : plan.steps)
      if (s.action != Action::light) tasks.push_back(s.action);
    return tasks;
  };
  const auto turn = [](Action a) { return a == Action::turn_left || a == Action::turn_right; };
  std::set<std::vector<Action>> seen;
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    const auto plan = make_follow_up(entropy(seed), {Action::blink, true});
    const auto tasks = of(plan);
    ASSERT_EQ(tasks.size(), 2U);
    EXPECT_NE(tasks[0], tasks[1]);
    EXPECT_EQ(std::ranges::count(tasks, Action::blink), 1);
    EXPECT_TRUE(has_lights(plan));
    seen.insert(tasks);
    EXPECT_EQ(std::ranges::count_if(of(make_follow_up(entropy(seed), {Action::smile, false})), turn), 1);
    EXPECT_GE(std::ranges::count_if(of(make_follow_up(entropy(seed), {std::nullopt, false})), turn), 1);
    const auto turned = of(make_follow_up(entropy(seed), {Action::turn_left, false}, {.lights = false}));
    EXPECT_EQ(turned.size(), 2U);
    EXPECT_EQ(std::ranges::count(turned, Action::turn_left), 1);
    EXPECT_FALSE(has_lights(make_follow_up(entropy(seed), {Action::turn_left, false}, {.lights = false})));
  }
  EXPECT_EQ(seen.size(), 10U) << "any other task, before or after";
}

TEST(Judge, OnlyOneMissedTaskOrTheDepthMayBeShownInASecondAnswer) {
  const auto answer = [](Outcome outcome, std::vector<Finding> findings, std::vector<bool> done, bool depth) {
    Verdict v{.outcome = outcome, .depth_shown = depth, .findings = std::move(findings), .measures = {}};
    for (const bool d : done) v.measures.tasks.push_back({.action = Action::nod, .peak = 1, .onset = std::nullopt, .done = d});
    return v;
  };
  const auto missed = follow_up_for(answer(Outcome::try_again, {Finding::action_missing}, {true, false, true}, true));
  ASSERT_TRUE(missed);
  EXPECT_EQ(missed->missed, Action::nod);
  EXPECT_TRUE(missed->depth_shown);
  const auto depth = follow_up_for(answer(Outcome::passed, {}, {true, true, true}, false));
  ASSERT_TRUE(depth);
  EXPECT_FALSE(depth->missed || depth->depth_shown);
  EXPECT_FALSE(follow_up_for(answer(Outcome::passed, {}, {true}, true)));
  EXPECT_FALSE(follow_up_for(answer(Outcome::try_again, {Finding::action_missing}, {true, false, false}, true)));
  EXPECT_FALSE(follow_up_for(answer(Outcome::try_again, {Finding::action_missing, Finding::light_unclear}, {true, false}, true)));
  EXPECT_FALSE(follow_up_for(answer(Outcome::failed, {Finding::action_missing, Finding::jump}, {true, false}, true)));
  for (const auto& open : {*missed, *depth}) {
    const auto again = follow_up_from_json(json::value(to_json(open)));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->missed, open.missed);
    EXPECT_EQ(again->depth_shown, open.depth_shown);
  }
  EXPECT_FALSE(follow_up_from_json(json::parse(R"({"missed":"dance","depth_shown":true})")));
}

/// WCAG 2.2: a flash is a pair of opposing changes of relative luminance by a tenth or more where the darker one is below 0.8.
double relative_luminance(const Colour& c) {
  const auto linear = [](std::uint8_t v) {
    const double s = v / 255.0;
    return s <= 0.04045 ? s / 12.92 : std::pow((s + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * linear(c.red) + 0.7152 * linear(c.green) + 0.0722 * linear(c.blue);
}

TEST(Plan, FlashesFarLessThanThreeTimesASecondEvenAgainstABlackOrWhiteScreen) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    const auto plan = make_plan(entropy(seed));
    for (const double page : {0.0, 1.0}) {
      std::vector<std::pair<milliseconds, int>> swings;  // when, and up or down
      double before = page;
      milliseconds end{0};
      const auto shows = [&](milliseconds at, double luminance) {
        if (std::abs(luminance - before) >= 0.1 && std::min(luminance, before) < 0.8) swings.emplace_back(at, luminance > before ? 1 : -1);
        before = luminance;
      };
      for (const auto& s : plan.steps) {
        if (s.action != Action::light) continue;
        if (s.at != end) shows(end, page);
        shows(s.at, relative_luminance(s.colour));
        end = s.at + s.duration;
      }
      shows(end, page);
      for (std::size_t i = 0; i < swings.size(); ++i) {
        int opposing = 0;
        for (std::size_t j = i + 1; j < swings.size() && swings[j].first < swings[i].first + 1s; ++j)
          opposing += swings[j].second != swings[j - 1].second ? 1 : 0;
        EXPECT_LE(opposing, 2);  // one flash; the criterion allows three
      }
    }
  }
}

TEST(Plan, ComesBackFromItsJson) {
  const auto plan = make_plan(entropy(5));
  const auto text = json::serialize(to_json(plan));
  const auto again = plan_from_json(json::parse(text));
  ASSERT_TRUE(again);
  EXPECT_EQ(json::serialize(to_json(*again)), text);
  EXPECT_FALSE(plan_from_json(json::parse("{}")));
  EXPECT_FALSE(plan_from_json(json::parse(R"({"steps":[{"action":"dance","at_ms":1,"duration_ms":1}],"length_ms":5})")));
  EXPECT_FALSE(plan_from_json(json::parse(R"({"steps":[{"action":"light","at_ms":1,"duration_ms":1,"colour":"red"}],"length_ms":5})")));
}

/// A face of 468 vertices over a bowl with a nose; `depth` scales its relief, 0 makes it a picture.
std::vector<Point3> face_of(double yaw, double depth, double noise, std::uint32_t seed) {
  std::mt19937 random{seed};
  std::normal_distribution<float> jitter{0, static_cast<float>(std::max(noise, 1e-6))};
  std::mt19937 places{99};
  std::uniform_real_distribution<double> side{-1, 1};
  std::vector<std::array<double, 3>> rest(468);
  for (auto& v : rest) {
    const double x = side(places) * 60, y = side(places) * 80;
    v = {x, y, (x * x + 0.4 * y * y) / 150};
  }
  const auto put = [&](int v, double x, double y, double z) { rest[static_cast<std::size_t>(v)] = {x, y, z}; };
  put(33, -45, -25, 8), put(263, 45, -25, 8), put(1, 0, 15, -28), put(4, 0, 12, -30), put(168, 0, -25, -4), put(10, 0, -80, 6),
      put(151, 0, -60, 0);
  put(152, 0, 85, 2), put(199, 0, 72, -2), put(50, -38, 10, 10), put(280, 38, 10, 10), put(205, -36, 25, 10), put(425, 36, 25, 10);
  put(61, -22, 45, -2), put(291, 22, 45, -2), put(13, 0, 43, -4), put(14, 0, 47, -4);
  const double c = std::cos(yaw * std::numbers::pi / 180), s = std::sin(yaw * std::numbers::pi / 180);
  std::vector<Point3> out;
  for (const auto& v : rest) {
    const double z = v[2] * depth, camera = 900;
    const double x1 = v[0] * c - z * s, z1 = v[0] * s + z * c, f = camera / (camera + z1);
    out.push_back({static_cast<float>(320 + x1 * f) + jitter(random), static_cast<float>(240 + v[1] * f) + jitter(random),
                   static_cast<float>(z1 * f)});
  }
  return out;
}

TEST(Turn, AHeadMovesAsASolidAndAPictureAsAPlane) {
  for (const double yaw : {-30.0, -18.0, 18.0, 30.0}) {
    const auto head = compare_turn(face_of(0, 1, 0.4, 1), face_of(yaw, 1, 0.4, 2), yaw);
    const auto picture = compare_turn(face_of(0, 0, 0.4, 1), face_of(yaw, 0, 0.4, 2), yaw);
    ASSERT_TRUE(head && picture);
    EXPECT_GT(head->planar_residual, 2 * head->solid_residual) << yaw;
    EXPECT_GT(std::min(head->against_midline, head->against_cheeks), 0.2) << yaw;
    EXPECT_LT(picture->planar_residual, 0.02) << yaw;
    EXPECT_LT(std::abs(std::min(picture->against_midline, picture->against_cheeks)), 0.1) << yaw;
  }
}

/// A textured surface in the looks that a turn gives: each pixel moves along x by `move(x, y)`, and all by `down` along y.
Look moved_look(const std::function<double(double, double)>& move, double down = 0, std::uint32_t texture = 17) {
  std::mt19937 random{texture};
  std::array<std::array<double, 4>, 24> waves{};
  for (auto& w : waves)
    w = {std::uniform_real_distribution<>{-0.5, 0.5}(random), std::uniform_real_distribution<>{-0.5, 0.5}(random),
         std::uniform_real_distribution<>{0, 6.3}(random), std::uniform_real_distribution<>{4, 9}(random)};
  Look out{};
  for (int y = 0; y < kLookHeight; ++y)
    for (int x = 0; x < kLookWidth; ++x) {
      const double from = x - move(x, y);
      double value = 128;
      for (const auto& w : waves) value += w[3] * std::sin(w[0] * from + w[1] * (y - down) + w[2]);
      out[static_cast<std::size_t>(y * kLookWidth + x)] = static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0));
    }
  return out;
}

TEST(Relief, FollowsTheMeshOnAHeadAndNotOnABentPicture) {
  // A flat mesh with a nose, whose places in the look are its own coordinates.
  std::vector<Point3> mesh;
  std::mt19937 places{5};
  const auto nose = [](double x, double y) { return std::exp(-(std::pow((x - 52) / 9, 2) + std::pow((y - 64) / 11, 2))); };
  for (int i = 0; i < 468; ++i) {
    const float x = std::uniform_real_distribution<float>{8, 96}(places), y = std::uniform_real_distribution<float>{8, 104}(places);
    mesh.push_back({x, y, static_cast<float>(-0.35 * kLookEyes * nose(x, y))});
  }
  mesh[33] = {20, 36, 0}, mesh[263] = {84, 36, 0}, mesh[13] = {52, 82, 0}, mesh[14] = {52, 82, 0};
  const auto straight = moved_look([](double, double) { return 0.0; });
  Relief head{straight, mesh}, flat{straight, mesh}, upright{straight, mesh}, lying{straight, mesh};
  for (const double yaw : {-24.0, -16.0, 14.0, 20.0, 28.0}) {
    const double t = std::tan(yaw * std::numbers::pi / 180);
    head.add(moved_look([&](double x, double y) { return t * 0.35 * kLookEyes * nose(x, y); }), yaw);
    flat.add(moved_look([&](double x, double) { return t * 0.05 * (x - 52); }), yaw);
    upright.add(moved_look([&](double x, double) { return t * (10 - 0.006 * (x - 52) * (x - 52)); }), yaw);
    lying.add(moved_look([&](double, double y) { return t * (8 - 0.004 * (y - 56) * (y - 56)); }), yaw);
  }
  ASSERT_TRUE(head.factor() && flat.factor() && upright.factor() && lying.factor());
  EXPECT_NEAR(*head.factor(), 1, 0.35);
  EXPECT_NEAR(*flat.factor(), 0, 0.1);
  EXPECT_NEAR(*upright.factor(), 0, 0.1);
  EXPECT_NEAR(*lying.factor(), 0, 0.1);
  EXPECT_FALSE((Relief{straight, mesh}.factor()));
  Relief dark{Look{}, mesh};
  for (int i = 0; i < 5; ++i) dark.add(Look{}, 20);
  EXPECT_FALSE(dark.factor());
}

TEST(Motion, IsFoundToAFractionOfAPixelUnderAnotherLight) {
  const auto shifted = [](double right, double down) { return moved_look([=](double, double) { return right; }, down); };
  const LookMotion before{shifted(0, 0)};
  for (const auto& [right, down] : {std::pair{0.0, 0.0}, {0.4, -0.3}, {-2.2, 1.7}, {3.5, 0.0}}) {
    auto after = shifted(right, down);
    for (std::size_t i = 0; i < after.size(); ++i)  // lit from the left, and dimmer
      after[i] = static_cast<std::uint8_t>(after[i] * (0.9 - 0.4 * static_cast<double>(i % kLookWidth) / kLookWidth));
    const auto found = before.found_in(LookMotion{after});
    ASSERT_TRUE(found) << right << ' ' << down;
    EXPECT_NEAR(found->x - kLookMiddle.x, right, 0.1);
    EXPECT_NEAR(found->y - kLookMiddle.y, down, 0.1);
  }
  EXPECT_FALSE(before.found_in(LookMotion{moved_look([](double, double) { return 0.0; }, 0, 99)})) << "another face";
  EXPECT_FALSE(before.found_in(LookMotion{Look{}}));
  EXPECT_FALSE((LookMotion{}.found_in(before)));
}

TEST(Turn, WhatCannotBeComparedIsNothing) {
  const auto face = face_of(0, 1, 0.1, 1);
  EXPECT_FALSE(compare_turn({}, face, 20));
  EXPECT_FALSE(compare_turn(face, face, 0));
  const std::vector<Point3> point(468);
  EXPECT_FALSE(compare_turn(point, point, 20));
}

TEST(Judge, AnEmptyOrFacelessVideoIsNoPassAndNoCrash) {
  const auto plan = make_plan(entropy(1));
  EXPECT_NE(judge(plan, {}).outcome, Outcome::passed);
  VideoFacts faceless;
  for (int i = 0; i < 130; ++i) {
    FrameFacts f;
    f.at = microseconds{i * 100'000};
    faceless.frames.push_back(f);
  }
  faceless.duration = 13s;
  EXPECT_NE(judge(plan, faceless).outcome, Outcome::passed);
  EXPECT_NE(judge({}, faceless).outcome, Outcome::passed);
}

TEST(Judge, AFrameThatIsRepeatedCountsOnce) {
  const auto plan = make_plan(entropy(1));
  const auto recorded = [&](int each) {
    VideoFacts video;
    for (int i = 0; i * 100ms < plan.length + 300ms; ++i) {
      FrameFacts f;
      f.at = microseconds{i * 100'000};
      f.thumb.fill(static_cast<std::uint8_t>(100 + i / each % 50));
      video.frames.push_back(f);
    }
    video.duration = video.frames.back().at;
    return judge(plan, video);
  };
  EXPECT_FALSE(std::ranges::count(recorded(1).findings, Finding::too_few_frames));
  EXPECT_TRUE(std::ranges::count(recorded(4).findings, Finding::too_few_frames));
  EXPECT_NEAR(recorded(4).measures.frame_rate, 2.5, 0.1);
}

TEST(Plan, SaysWhetherItHasLights) {
  EXPECT_TRUE(has_lights(make_plan(entropy(1))));
  EXPECT_FALSE(has_lights(make_plan(entropy(1), {.lights = false})));
}

/// Somebody who only sways; from `cut` on, the recording is another one, in which the head stands `aside` pixels off. The mesh is off
/// by `unrest` pixels; `seen`: the looks show it.
Verdict swaying(milliseconds cut, float aside, float shake, float unrest = 0, bool seen = false) {
  std::mt19937 random{3};
  std::normal_distribution<float> jitter{0, 1};
  const auto plan = make_plan(entropy(1));
  VideoFacts video;
  for (int i = 0; i * 100ms < plan.length + 300ms; ++i) {
    FrameFacts f;
    f.at = microseconds{i * 100'000};
    f.faces = 1;
    f.geometry.face_presence = 1;
    f.geometry.mesh = face_of(0, 1, 0.05, static_cast<std::uint32_t>(i));
    const auto t = static_cast<float>(i) / 10;
    const float x = 3 * std::sin(0.8f * t) + shake * jitter(random) + (i * 100ms >= cut ? aside : 0), y = 2 * std::cos(0.7f * t);
    const float off_x = unrest * jitter(random), off_y = unrest * jitter(random);
    for (auto& v : f.geometry.mesh) v.x += x + off_x, v.y += y + off_y;
    if (const auto lay = look_lay(f.geometry.mesh); lay && seen)
      f.look = moved_look([&](double, double) { return -static_cast<double>(off_x) * lay->sx; }, -static_cast<double>(off_y) * lay->sy);
    f.thumb.fill(static_cast<std::uint8_t>(100 + i % 50));
    video.frames.push_back(std::move(f));
  }
  video.duration = video.frames.back().at;
  return judge(plan, video);
}

TEST(Judge, AHeadThatSkipsBetweenTwoFramesWasCutTogether) {
  const auto skips = [](const Verdict& v) { return std::ranges::count(v.findings, Finding::jump) != 0; };
  EXPECT_FALSE(skips(swaying(1h, 0, 0)));
  EXPECT_FALSE(skips(swaying(1h, 0, 1.5f))) << "a shaken camera";
  const auto cut = swaying(5s, 4, 0);
  EXPECT_TRUE(skips(cut));
  EXPECT_GT(cut.measures.largest_skip, 2 * swaying(1h, 0, 0).measures.largest_skip);
  EXPECT_EQ(cut.outcome, Outcome::failed);
}

TEST(Judge, ACutThatTheMeshsUnrestHidesIsSeenInThePixels) {
  EXPECT_FALSE(std::ranges::count(swaying(5s, 2, 0, 1).findings, Finding::jump));
  EXPECT_LT(swaying(1h, 0, 0, 1, true).measures.largest_skip, 2);
  const auto cut = swaying(5s, 2, 0, 1, true);
  EXPECT_TRUE(std::ranges::count(cut.findings, Finding::jump)) << cut.measures.largest_skip;
}

TEST(Judge, AdviceNamesNoCheck) {
  Verdict failed;
  failed.findings = {Finding::flat, Finding::light_wrong, Finding::looped};
  const auto advice = advice_for(failed);
  ASSERT_EQ(advice.size(), 1U);
  EXPECT_EQ(advice[0].code, "not_confirmed");
  Verdict unclear{
      .outcome = Outcome::try_again, .findings = {Finding::too_dark, Finding::face_lost, Finding::action_missing}, .measures = {}};
  EXPECT_EQ(advice_for(unclear).size(), 2U);
  EXPECT_TRUE(advice_for({.outcome = Outcome::passed, .depth_shown = true, .findings = {}, .measures = {}}).empty());
}

/// Filmed answers need the models and a photograph.
class Films : public testing::Test {
 protected:
  void SetUp() override {
    const char* given = std::getenv("AUTHX_SHARED_DATA");
    const fs::path data =
        fs::path{given != nullptr ? given : std::string{AUTHX_SOURCE_DIR} + "/../shared/data"} / "face" / "compreface_samples";
    const auto pack = inference::find_pack(std::string{AUTHX_SOURCE_DIR} + "/.deps/models/default");
    if (!pack || !fs::exists(data / "003_A.jpg")) GTEST_SKIP() << "no models, or no development faces in " << data;
    engine_ = *FaceEngine::create(*pack);
    person_ = person(data / "003_A.jpg");
    other_ = person(data / "002_A.jpg");
  }
  film::Person person(const fs::path& path) {
    std::ifstream in{path, std::ios::binary};
    const Bytes bytes{std::istreambuf_iterator<char>{in}, {}};
    return *film::make_person(*engine_, std::move(imaging::decode(bytes)->pages.front()));
  }
  Verdict answer(std::string_view kind, std::string_view codec, std::uint32_t seed) {
    const auto plan = make_plan(entropy(seed));
    const auto writer = film::make_video_writer(codec, 640, 480, 15);
    film::film(kind, plan, person_, other_, seed, 15, [&](const imaging::Image& frame, std::int64_t at) { writer->add(frame, at); });
    const auto still = engine_->analyse(film::still(person_, seed), {.liveness = false});
    const auto video = measure_video(*engine_, writer->finish(), plan, *still->embedding, {.max_bytes = std::size_t{64} << 20}, {});
    EXPECT_TRUE(video) << video.error().detail;
    return judge(plan, *video);
  }
  std::shared_ptr<const FaceEngine> engine_;
  film::Person person_, other_;
};

TEST_F(Films, APersonPassesAndAMovingPictureDoesNot) {
  const auto genuine = answer("genuine", "webm", 3);
  EXPECT_EQ(genuine.outcome, Outcome::passed) << json::serialize(to_json(genuine));
  const auto picture = answer("flat_puppet", "avi", 3);
  EXPECT_FALSE(picture.outcome == Outcome::passed && picture.depth_shown) << json::serialize(to_json(picture));
}

}  // namespace
}  // namespace authx::face::active
