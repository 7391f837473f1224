#include <algorithm>
#include <cmath>
#include <numbers>

#include "engines/face/active.h"
#include "engines/face/active_geometry.h"
#include "engines/face/active_motion.h"

namespace authx::face::active {
namespace {

using namespace std::chrono_literals;

// When a task counts as done: degrees for turns and nods, else a ratio to the person's own rest.
constexpr double kTurn = 12, kNod = 7, kClosed = 0.72, kSmile = 1.07, kNear = 1.15;
constexpr double kTurnedAway = 14;  ///< what counts as a turn that nobody asked for
constexpr double kStay = 0.75;      ///< what has begun goes on while it is done at least so far
constexpr double kLidsDown = 0.13;  ///< loss of likeness of eyes that keep being closed, on faces whose lids the mesh does not follow
constexpr milliseconds kClosedFor = 250ms;
constexpr milliseconds kEarliest = 100ms;  ///< no person answers a prompt sooner
constexpr milliseconds kLatest = 1600ms;   ///< by when a task must have begun
constexpr milliseconds kGrace = 300ms;     ///< after its time, for a task that has begun
constexpr milliseconds kReturn = 700ms;    ///< after which the head is straight again
constexpr double kSame = 0.05;             ///< mean difference, in gray levels, of two pictures that are one

struct Sample {
  milliseconds at{0};
  const FrameFacts* frame = nullptr;
  double yaw = 0, pitch = 0, eyes = 1, mouth = 1, size = 1;  ///< against the person's rest
  double eye_likeness = 1;                                   ///< correlation of the eyes' look with that at rest
};

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

milliseconds ms(microseconds t) { return std::chrono::duration_cast<milliseconds>(t); }

class Judge {
 public:
  Judge(const Plan& plan, const VideoFacts& video) : plan_(plan), video_(video) {}

  Verdict run() {
    check_recording();
    check_copies();
    if (take_rest()) {
      sample();
      check_tasks();
      check_unasked();
      check_jumps();
      check_cuts();
      check_depth();
      check_light();
    }
    check_identity();
    settle();
    return std::move(v_);
  }

 private:
  void found(Finding f) {
    if (std::ranges::find(v_.findings, f) == v_.findings.end()) v_.findings.push_back(f);
  }
  static bool usable(const FrameFacts& f) { return f.geometry.mesh.size() >= 468 && f.geometry.face_presence > 0.3f; }

  void check_recording() {
    const auto& frames = video_.frames;
    if (video_.duration + 150ms < plan_.length || frames.size() < 2) found(Finding::too_short);
    if (frames.size() < 2) return;
    const auto seconds = std::chrono::duration<double>(frames.back().at - frames.front().at).count();
    // A frame that repeats the one before it shows nothing new, whatever its time stamp says.
    double fresh = 0;
    for (std::size_t i = 1; i < frames.size(); ++i) fresh += difference(i - 1, i) >= kSame ? 1 : 0;
    v_.measures.frame_rate = seconds > 0 ? fresh / seconds : 0;
    if (v_.measures.frame_rate < 6) found(Finding::too_few_frames);
    double dark = 0, seen = 0, several = 0;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      if (i > 0 && frames[i].at - frames[i - 1].at > 700ms) found(Finding::interrupted);
      if (usable(frames[i])) ++seen;
      if (frames[i].faces > 1) ++several;
      if (usable(frames[i]) && 0.3f * frames[i].skin[0] + 0.59f * frames[i].skin[1] + 0.11f * frames[i].skin[2] < 35) ++dark;
    }
    const auto n = static_cast<double>(frames.size());
    v_.measures.face_share = seen / n;
    if (seen < 0.85 * n) found(Finding::face_lost);
    if (several > 0.2 * n) found(Finding::several_faces);
    if (dark > 0.3 * n) found(Finding::too_dark);
  }

  double difference(std::size_t i, std::size_t j) const {
    const auto &a = video_.frames[i].thumb, &b = video_.frames[j].thumb;
    int sum = 0;
    for (std::size_t k = 0; k < a.size(); ++k) sum += std::abs(static_cast<int>(a[k]) - b[k]);
    return static_cast<double>(sum) / static_cast<double>(a.size());
  }

  /// A camera's frames differ by its noise and the person's smallest movements, and no movement is ever made twice alike.
  void check_copies() {
    const auto n = video_.frames.size();
    std::vector<double> step(n, 0);
    microseconds still{0};
    for (std::size_t i = 1; i < n; ++i) {
      step[i] = difference(i - 1, i);
      still = step[i] < kSame ? still + (video_.frames[i].at - video_.frames[i - 1].at) : microseconds{0};
      v_.measures.longest_still_ms = std::max(v_.measures.longest_still_ms, static_cast<double>(ms(still).count()));
    }
    if (v_.measures.longest_still_ms >= 900) found(Finding::frozen);
    for (std::size_t lag = 8; lag + 5 < n; ++lag) {
      microseconds loop{0};
      for (std::size_t i = 1; i + lag < n; ++i) {
        const bool moving = std::min(step[i], step[i + lag]) > 0.7;
        const bool again = moving && difference(i, i + lag) < 0.3 * std::min(step[i], step[i + lag]);
        loop = again ? loop + (video_.frames[i].at - video_.frames[i - 1].at) : microseconds{0};
        v_.measures.longest_loop_ms = std::max(v_.measures.longest_loop_ms, static_cast<double>(ms(loop).count()));
      }
    }
    if (v_.measures.longest_loop_ms >= 400) found(Finding::looped);
  }

  /// The person's own rest: what the frames before the first prompt show.
  bool take_rest() {
    const auto until = plan_.steps.empty() ? milliseconds{1000} : plan_.steps.front().at + kEarliest;
    std::vector<double> yaw, pitch, eyes, mouth, size;
    std::vector<std::span<const Point3>> meshes;
    for (const auto& f : video_.frames) {
      if (f.at > until || !usable(f)) continue;
      yaw.push_back(static_cast<double>(f.geometry.pose.yaw));
      pitch.push_back(static_cast<double>(f.geometry.pose.pitch));
      eyes.push_back(static_cast<double>(f.geometry.eye_openness));
      mouth.push_back(mouth_width(f.geometry.mesh));
      size.push_back(spread(f.geometry.mesh));
      meshes.emplace_back(f.geometry.mesh);
    }
    if (meshes.size() < 4) {
      found(Finding::not_ready);
      return false;
    }
    rest_ = {.at = {},
             .frame = nullptr,
             .yaw = median(yaw),
             .pitch = median(pitch),
             .eyes = std::max(median(eyes), 0.02),
             .mouth = std::max(median(mouth), 0.1),
             .size = std::max(median(size), 1.0)};
    rest_mesh_ = mean_mesh(meshes);
    std::vector<double> look(rest_look_.size(), 0);
    for (const auto& f : video_.frames)
      if (f.at <= until && usable(f))
        for (std::size_t k = 0; k < look.size(); ++k) look[k] += f.look[k] / static_cast<double>(meshes.size());
    for (std::size_t k = 0; k < look.size(); ++k) rest_look_[k] = static_cast<std::uint8_t>(look[k]);
    for (auto& eye : rest_eyes_) eye.assign(kEyeWidth * kEyeHeight, 0);
    for (const auto& f : video_.frames) {
      if (f.at > until || !usable(f)) continue;
      for (std::size_t e = 0; e < 2; ++e)
        for (std::size_t k = 0; k < f.eyes[e].size(); ++k) rest_eyes_[e][k] += f.eyes[e][k];
    }
    if (std::abs(rest_.yaw) > 18 || std::abs(rest_.pitch) > 28) found(Finding::not_ready);
    return !rest_mesh_.empty();
  }

  void sample() {
    for (const auto& f : video_.frames) {
      if (!usable(f)) continue;
      samples_.push_back({ms(f.at), &f, static_cast<double>(f.geometry.pose.yaw) - rest_.yaw,
                          static_cast<double>(f.geometry.pose.pitch) - rest_.pitch,
                          static_cast<double>(f.geometry.eye_openness) / rest_.eyes, mouth_width(f.geometry.mesh) / rest_.mouth,
                          spread(f.geometry.mesh) / rest_.size, likeness(f)});
    }
  }

  /// Pearson's, of two pictures of one size.
  template <class A, class B>
  static double correlation(const A& a, const B& b) {
    const auto n = static_cast<double>(a.size());
    double sa = 0, sb = 0, aa = 0, bb = 0, ab = 0;
    for (std::size_t k = 0; k < a.size(); ++k) {
      const double x = a[k], y = b[k];
      sa += x, sb += y, aa += x * x, bb += y * y, ab += x * y;
    }
    return (ab - sa * sb / n) / std::sqrt(std::max((aa - sa * sa / n) * (bb - sb * sb / n), 1e-9));
  }
  double likeness(const FrameFacts& f) const { return (correlation(rest_eyes_[0], f.eyes[0]) + correlation(rest_eyes_[1], f.eyes[1])) / 2; }

  /// How far eyes are closed that are `gap` open (against rest) when they are not, 1 where it begins to count. The mesh follows
  /// lids poorly, so their gap counts together with how little the eyes still look as they did.
  static double shut(const Sample& s, double gap) { return ((gap - s.eyes) / (1 - kClosed) + 0.9 * (1 - s.eye_likeness)) / 0.5; }

  /// How far a task is done in a frame, 1 where it begins to count.
  static double done(Action action, const Sample& s) {
    switch (action) {
      case Action::turn_left: return s.yaw / kTurn;
      case Action::turn_right: return -s.yaw / kTurn;
      case Action::nod: return std::abs(s.pitch) / kNod;
      case Action::blink: return shut(s, 1);
      case Action::smile: return (s.mouth - 1) / (kSmile - 1);
      case Action::approach: return (s.size - 1) / (kNear - 1);
      case Action::light: break;
    }
    return 0;
  }

  /// How much the eyes look as they did at rest about a blink: before its prompt and when its time is over, whichever is less.
  double open_eyes(const Step& step) const {
    std::vector<double> before, after;
    for (const auto& s : samples_) {
      if (s.at >= step.at - 300ms && s.at <= step.at + kEarliest) before.push_back(s.eye_likeness);
      if (s.at >= step.at + step.duration - 300ms && s.at <= step.at + step.duration + kGrace) after.push_back(s.eye_likeness);
    }
    return before.empty() || after.empty() ? 0 : std::min(median(before), median(after));
  }

  /// How far the eyes are open when a blink is asked for, against rest: smiles, turns and lights leave them a little narrower, which
  /// is no blink. Eyes that are closed by then are not open.
  double gap_before(const Step& step) const {
    std::vector<double> before;
    for (const auto& s : samples_)
      if (s.at >= step.at - 400ms && s.at <= step.at + kEarliest) before.push_back(s.eyes);
    return before.empty() ? 1 : std::clamp(median(before), 0.8, 1.05);
  }

  void check_tasks() {
    for (const auto& step : plan_.steps) {
      if (step.action == Action::light) continue;
      Measures::Task task{.action = step.action, .peak = 0, .onset = std::nullopt, .done = false};
      std::vector<double> before;
      milliseconds held{0}, last = step.at;
      const bool blink = step.action == Action::blink;
      const double open = blink ? open_eyes(step) : 1, gap = blink ? gap_before(step) : 1;
      for (const auto& s : samples_) {
        double k = blink ? shut(s, gap) : done(step.action, s);
        if (blink && s.at > step.at + kEarliest) k = std::max(k, (open - s.eye_likeness) / kLidsDown);
        if (s.at >= step.at - 250ms && s.at <= step.at + kEarliest) before.push_back(k);
        if (s.at < step.at || s.at > step.at + step.duration + kGrace) continue;
        task.peak = std::max(task.peak, k);
        // One bad measurement is no movement: two neighbours must agree, and eyes must stay shut for longer than a natural blink.
        const bool on = k >= 1 || (held > 0ms && k >= kStay);
        held = on ? held + std::min(s.at - last, 250ms) : 0ms;
        last = s.at;
        if (!task.onset && k >= 0.5) task.onset = s.at - step.at;
        if (k < 0.5 && !task.done) task.onset.reset();
        if (held >= (blink ? kClosedFor : 80ms)) task.done = true;
      }
      if (median(before) > 0.9) found(Finding::action_early);
      task.done = task.done && task.onset && *task.onset <= kLatest;
      if (!task.done) found(Finding::action_missing);
      v_.measures.tasks.push_back(task);
    }
  }

  /// The head moves when asked and else does not: who turns all the time answers every plan.
  void check_unasked() {
    double turned = 0, nodded = 0, total = 0;
    for (const auto& s : samples_) {
      bool turn = false, nod = false;
      for (const auto& step : plan_.steps) {
        if (s.at < step.at || s.at > step.at + step.duration + kReturn) continue;
        turn = turn || step.action == Action::turn_left || step.action == Action::turn_right;
        nod = nod || step.action == Action::nod;
      }
      ++total;
      if (!turn && std::abs(s.yaw) > kTurnedAway) ++turned;
      if (!nod && !turn && std::abs(s.pitch) > 2 * kNod) ++nodded;
    }
    if (turned > 0.04 * total || nodded > 0.06 * total) found(Finding::action_unasked);
  }

  void check_jumps() {
    int jumps = 0;
    for (std::size_t i = 1; i < samples_.size(); ++i) {
      const auto &a = samples_[i - 1], &b = samples_[i];
      const double steps = std::max(1.0, static_cast<double>((b.at - a.at).count()) / 100.0);
      if (steps > 4) continue;
      const auto p = middle(a.frame->geometry.mesh), q = middle(b.frame->geometry.mesh);
      const double moved = static_cast<double>(std::hypot(p.x - q.x, p.y - q.y)) / std::max(eye_distance(a.frame->geometry.mesh), 1.0);
      const double grown = std::max(a.size, b.size) / std::max(std::min(a.size, b.size), 0.1);
      if (moved > 0.8 * steps || std::abs(a.yaw - b.yaw) > 28 * steps || grown > 1 + 0.35 * steps) ++jumps;
    }
    if (jumps > 0) found(Finding::jump);
  }

  /// Recordings of one person that were cut together go on smoothly before and after a cut and not across it: for a moment the head
  /// moves otherwise than it did and than it will. What counts is the departure from the mean of both neighbours' velocities
  /// against how large it usually is in this video (the camera's shake, what is left of the mesh's unrest) and how fast the head
  /// moves: where it moves fast it is no surprise. Cuts that hide behind the changes of the lights are looked for there together.
  void check_cuts() {
    const auto by_pixels = surprises(moves_by_pixels(), kUnrestOfPixels), by_mesh = surprises(moves_by_mesh(), kUnrestOfMesh);
    // Of a head that is turned far the mesh's word is worth nothing.
    const auto surprise = [&](std::size_t i) {
      if (by_pixels[i]) return *by_pixels[i];
      return std::abs(samples_[i].yaw) <= 20 && std::abs(samples_[i - 1].yaw) <= 20 ? by_mesh[i].value_or(0) : 0;
    };
    for (std::size_t i = 1; i < samples_.size(); ++i) v_.measures.largest_skip = std::max(v_.measures.largest_skip, surprise(i));
    std::vector<milliseconds> changes;
    for (const auto& step : plan_.steps) {
      if (step.action != Action::light) continue;
      if (changes.empty() || changes.back() != step.at) changes.push_back(step.at);
      changes.push_back(step.at + step.duration);
    }
    for (const auto change : changes) {
      double most = 0;
      for (std::size_t i = 1; i < samples_.size(); ++i)
        if (samples_[i].at >= change - 30ms && samples_[i].at <= change + 360ms) most = std::max(most, surprise(i));
      v_.measures.skip_at_lights += most / static_cast<double>(changes.size());
    }
    if (v_.measures.largest_skip >= kSkip || v_.measures.skip_at_lights >= kSkipAtLights) found(Finding::jump);
  }

  /// How far the face moved from the sample before to each, in hundredths of an eye distance; nothing where that can't be told.
  using Moves = std::vector<std::optional<Point>>;

  Moves moves_by_mesh() const {
    const auto unit = static_cast<float>(0.01 * std::max(eye_distance(rest_mesh_), 1.0));
    Moves out(samples_.size());
    for (std::size_t i = 1; i < samples_.size(); ++i) {
      const auto a = rigid_middle(samples_[i - 1].frame->geometry.mesh), b = rigid_middle(samples_[i].frame->geometry.mesh);
      out[i] = {(b.x - a.x) / unit, (b.y - a.y) / unit};
    }
    return out;
  }

  Moves moves_by_pixels() const {
    const auto unit = static_cast<float>(0.01 * std::max(eye_distance(rest_mesh_), 1.0));
    Moves out(samples_.size());
    std::optional<LookLay> before;
    LookMotion look_before;
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      const auto& frame = *samples_[i].frame;
      const auto lay = look_lay(frame.geometry.mesh);
      LookMotion look{frame.look};
      if (const auto there = before && lay ? look_before.found_in(look) : std::nullopt) {
        const auto a = before->to_frame(kLookMiddle), b = lay->to_frame(*there);
        out[i] = {(b.x - a.x) / unit, (b.y - a.y) / unit};
      }
      before = lay;
      look_before = std::move(look);
    }
    return out;
  }

  /// How far each move departs from both its neighbours', 1 for what is usual. Nothing where one of them is unknown, and everywhere
  /// when too little is known to say what is usual.
  std::vector<std::optional<double>> surprises(const Moves& moves, double unrest) const {
    struct Skip {
      std::size_t i;
      double x, y, fast_x, fast_y;  ///< aside, and the larger of the neighbours' velocities a tenth of a second
      double tenths;
    };
    const auto tenths = [&](std::size_t i) {
      return std::max(0.4, static_cast<double>((samples_[i].at - samples_[i - 1].at).count()) / 100.0);
    };
    std::vector<Skip> skips;
    std::vector<double> across, down;
    for (std::size_t i = 2; i + 1 < samples_.size(); ++i) {
      if (!moves[i - 1] || !moves[i] || !moves[i + 1] || std::max({tenths(i - 1), tenths(i), tenths(i + 1)}) > 4) continue;
      const auto velocity = [&](std::size_t k) {
        return std::pair{static_cast<double>(moves[k]->x) / tenths(k), static_cast<double>(moves[k]->y) / tenths(k)};
      };
      const auto [ax, ay] = velocity(i - 1);
      const auto [bx, by] = velocity(i);
      const auto [cx, cy] = velocity(i + 1);
      const Skip s{.i = i,
                   .x = std::abs(bx - (ax + cx) / 2) * tenths(i),
                   .y = std::abs(by - (ay + cy) / 2) * tenths(i),
                   .fast_x = std::max(std::abs(ax), std::abs(cx)),
                   .fast_y = std::max(std::abs(ay), std::abs(cy)),
                   .tenths = tenths(i)};
      skips.push_back(s);
      if (std::max(s.fast_x, s.fast_y) < kFast) across.push_back(s.x), down.push_back(s.y);
    }
    std::vector<std::optional<double>> out(samples_.size());
    if (across.size() < 20) return out;
    // 1.5 times the median makes about a standard deviation of it.
    const double usual_x = 1.5 * median(across) + unrest, usual_y = 1.5 * median(down) + unrest;
    for (const auto& s : skips)
      out[s.i] = std::max(s.fast_x, s.fast_y) > 2 * kFast
                     ? 0
                     : std::hypot(s.x / (usual_x + s.fast_x * s.tenths), s.y / (usual_y + s.fast_y * s.tenths)) / std::numbers::sqrt2;
    return out;
  }

  void check_depth() {
    check_relief();
    std::vector<double> planar, solid, midline, cheeks;
    for (const auto& step : plan_.steps) {
      const bool left = step.action == Action::turn_left;
      if (!left && step.action != Action::turn_right) continue;
      double peak = 0;
      const auto in = [&](const Sample& s) { return s.at >= step.at && s.at <= step.at + step.duration + kGrace; };
      for (const auto& s : samples_)
        if (in(s)) peak = std::max(peak, left ? s.yaw : -s.yaw);
      for (const auto& s : samples_) {
        if (!in(s) || (left ? s.yaw : -s.yaw) < std::max(kTurn, 0.75 * peak)) continue;
        const auto turn = compare_turn(rest_mesh_, s.frame->geometry.mesh, s.yaw);
        if (!turn) continue;
        planar.push_back(turn->planar_residual);
        solid.push_back(turn->solid_residual);
        midline.push_back(turn->against_midline);
        cheeks.push_back(turn->against_cheeks);
      }
    }
    if (planar.empty()) return;  // the turn itself is missing
    v_.measures.planar_residual = median(planar);
    v_.measures.solid_residual = median(solid);
    v_.measures.nose_parallax = std::min(median(midline), median(cheeks));
    if (v_.measures.nose_parallax < kParallax || v_.measures.planar_residual < kPlanarRatio * v_.measures.solid_residual)
      found(Finding::flat);
  }

  void check_relief() {
    Relief relief{rest_look_, rest_mesh_};
    for (const auto& s : samples_)
      if (std::abs(s.pitch) <= 12) relief.add(s.frame->look, s.yaw);
    v_.measures.relief = relief.factor();
    v_.depth_shown = v_.measures.relief && *v_.measures.relief >= kRelief;
  }

  void check_identity() {
    int compared = 0, other = 0;
    std::vector<double> all;
    for (const auto& f : video_.frames) {
      if (!f.sameness) continue;
      ++compared;
      all.push_back(*f.sameness);
      v_.measures.least_sameness = std::min(v_.measures.least_sameness, *f.sameness);
      if (*f.sameness < 0) ++other;
    }
    if (compared < 3) found(Finding::face_lost);
    // One frame may be caught in movement or in a screen's deep colour.
    if (other * 3 > compared || v_.measures.least_sameness < -0.25) found(Finding::other_person);
  }

  /// The colour that the screen shone against the colour that the skin took, as logarithms of the channels less their mean: the
  /// skin's own colour, the exposure and the distance fall out. Correlated over all frames and channels at the best delay of
  /// screen and camera.
  void check_light() {
    const auto lit = [&](milliseconds t) -> const Step* {
      for (const auto& s : plan_.steps)
        if (s.action == Action::light && t >= s.at && t < s.at + s.duration) return &s;
      return nullptr;
    };
    const auto first = std::ranges::find(plan_.steps, Action::light, &Step::action);
    if (first == plan_.steps.end()) return;
    milliseconds end = first->at;
    for (const auto& s : plan_.steps)
      if (s.action == Action::light) end = s.at + s.duration;
    double best = -1, gain = 0, energy = 0, surround = 0;
    for (const auto delay : {0ms, 80ms, 160ms, 240ms, 320ms}) {
      std::vector<Rgb> shone, seen, around;
      for (const auto& s : samples_) {
        if (s.at < first->at - 400ms || s.at > end + 500ms) continue;
        const auto* now = lit(s.at - delay);
        // Frames about a change hold both colours.
        if (now != lit(s.at - delay - 60ms) || now != lit(s.at - delay + 60ms)) continue;
        shone.push_back(now == nullptr ? Rgb{}
                                       : chroma({now->colour.red / 255.0f, now->colour.green / 255.0f, now->colour.blue / 255.0f}, false));
        seen.push_back(chroma(s.frame->skin, true));
        around.push_back(chroma(s.frame->surround, true));
      }
      if (seen.size() < 12) continue;
      centre(shone), centre(seen), centre(around);
      const double ss = dot(seen, seen), pp = dot(shone, shone), sp = dot(seen, shone);
      if (!(pp > 0)) continue;
      const double rho = sp / std::sqrt(std::max(ss * pp, 1e-12));
      if (rho > best) {
        best = rho, gain = sp / pp, surround = dot(around, shone) / pp;
        energy = std::sqrt(ss / static_cast<double>(seen.size()));
      }
    }
    v_.measures.light_correlation = best;
    v_.measures.light_gain = gain;
    if (best >= 0.6 && gain >= 0.008 && gain > 0.6 * surround) return;
    found(energy > 0.02 ? Finding::light_wrong : Finding::light_unclear);
  }
  static Rgb chroma(Rgb c, bool logarithm) {
    if (logarithm)
      for (auto& v : c) v = std::log(v + 2);
    const float mean = (c[0] + c[1] + c[2]) / 3;
    return {c[0] - mean, c[1] - mean, c[2] - mean};
  }
  static void centre(std::vector<Rgb>& series) {
    Rgb mean{};
    for (const auto& c : series)
      for (std::size_t k = 0; k < 3; ++k) mean[k] += c[k] / static_cast<float>(series.size());
    for (auto& c : series)
      for (std::size_t k = 0; k < 3; ++k) c[k] -= mean[k];
  }
  static double dot(const std::vector<Rgb>& a, const std::vector<Rgb>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
      for (std::size_t k = 0; k < 3; ++k) sum += static_cast<double>(a[i][k]) * static_cast<double>(b[i][k]);
    return sum;
  }

  void settle() {
    constexpr std::array kGrave{Finding::flat, Finding::other_person, Finding::frozen,       Finding::looped,
                                Finding::jump, Finding::light_wrong,  Finding::action_early, Finding::action_unasked};
    const bool grave = std::ranges::any_of(v_.findings, [&](Finding f) { return std::ranges::find(kGrave, f) != kGrave.end(); });
    v_.outcome = v_.findings.empty() ? Outcome::passed : grave ? Outcome::failed : Outcome::try_again;
  }

  static constexpr double kParallax = 0.16, kPlanarRatio = 1.25, kRelief = 0.5;
  static constexpr double kFast = 3, kUnrestOfPixels = 0.12, kUnrestOfMesh = 0.25, kSkip = 2.7, kSkipAtLights = 0.95;

  const Plan& plan_;
  const VideoFacts& video_;
  Verdict v_;
  Sample rest_;
  std::vector<Point3> rest_mesh_;
  Look rest_look_{};
  std::array<std::vector<double>, 2> rest_eyes_;
  std::vector<Sample> samples_;
};

constexpr std::array kFindings{std::pair{Finding::unreadable, std::string_view{"unreadable"}},
                               std::pair{Finding::too_short, std::string_view{"too_short"}},
                               std::pair{Finding::too_few_frames, std::string_view{"too_few_frames"}},
                               std::pair{Finding::interrupted, std::string_view{"interrupted"}},
                               std::pair{Finding::face_lost, std::string_view{"face_lost"}},
                               std::pair{Finding::several_faces, std::string_view{"several_faces"}},
                               std::pair{Finding::not_ready, std::string_view{"not_ready"}},
                               std::pair{Finding::too_dark, std::string_view{"too_dark"}},
                               std::pair{Finding::action_missing, std::string_view{"action_missing"}},
                               std::pair{Finding::action_early, std::string_view{"action_early"}},
                               std::pair{Finding::action_unasked, std::string_view{"action_unasked"}},
                               std::pair{Finding::flat, std::string_view{"flat"}},
                               std::pair{Finding::other_person, std::string_view{"other_person"}},
                               std::pair{Finding::jump, std::string_view{"jump"}},
                               std::pair{Finding::frozen, std::string_view{"frozen"}},
                               std::pair{Finding::looped, std::string_view{"looped"}},
                               std::pair{Finding::light_unclear, std::string_view{"light_unclear"}},
                               std::pair{Finding::light_wrong, std::string_view{"light_wrong"}}};

json::string_view js(std::string_view s) { return {s.data(), s.size()}; }

}  // namespace

std::string_view to_string(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::passed: return "passed";
    case Outcome::try_again: return "try_again";
    case Outcome::failed: return "failed";
  }
  return "failed";
}

std::string_view to_string(Finding finding) noexcept {
  for (const auto& [value, name] : kFindings)
    if (value == finding) return name;
  return "unknown";
}

Verdict judge(const Plan& plan, const VideoFacts& video) { return Judge{plan, video}.run(); }

std::optional<FollowUp> follow_up_for(const Verdict& verdict) {
  if (verdict.outcome == Outcome::passed) {
    if (verdict.depth_shown) return std::nullopt;
    return FollowUp{std::nullopt, false};
  }
  if (verdict.outcome != Outcome::try_again || verdict.findings != std::vector{Finding::action_missing}) return std::nullopt;
  const auto& tasks = verdict.measures.tasks;
  const auto missed = std::ranges::find(tasks, false, &Measures::Task::done);
  if (missed == tasks.end() || std::ranges::count(tasks, false, &Measures::Task::done) != 1) return std::nullopt;
  return FollowUp{missed->action, verdict.depth_shown};
}

std::vector<Advice> advice_for(const Verdict& verdict) {
  if (verdict.outcome == Outcome::passed) return {};
  const Advice not_confirmed{"not_confirmed", "The live check did not succeed. Do it again, following each prompt as it appears"};
  if (verdict.outcome == Outcome::failed) return {not_confirmed};
  std::vector<Advice> out;
  const auto add = [&](Advice advice) {
    if (out.size() < 2 && std::ranges::find(out, advice.code, &Advice::code) == out.end()) out.push_back(std::move(advice));
  };
  for (const auto f : verdict.findings) {
    switch (f) {
      case Finding::unreadable:
      case Finding::too_short:
      case Finding::too_few_frames:
      case Finding::interrupted: add({"recording_failed", "The recording is incomplete. Close other programs and try again"}); break;
      case Finding::face_lost:
      case Finding::several_faces:
      case Finding::not_ready:
        add({"keep_face_in_frame", "Keep your face, and only yours, in the frame, and look straight at the camera before you start"});
        break;
      case Finding::too_dark: add({"better_light", "Find even light from the front"}); break;
      case Finding::light_unclear:
        add({"better_light", "Turn the screen's brightness up and bright lamps down, or choose the check without lights"});
        break;
      case Finding::action_missing:
        add({"follow_prompts", "Follow each prompt as soon as it appears, clearly and then back to rest"});
        break;
      default: add(not_confirmed);
    }
  }
  return out;
}

json::object to_json(const Verdict& v) {
  json::array findings, tasks;
  for (const auto f : v.findings) findings.push_back(json::value(js(to_string(f))));
  for (const auto& t : v.measures.tasks) {
    json::object task{{"action", js(to_string(t.action))}, {"peak", t.peak}, {"done", t.done}};
    if (t.onset) task["onset_ms"] = t.onset->count();
    tasks.push_back(std::move(task));
  }
  const auto& m = v.measures;
  json::object out{{"outcome", js(to_string(v.outcome))}, {"findings", std::move(findings)},
                   {"tasks", std::move(tasks)},           {"frame_rate", m.frame_rate},
                   {"face_share", m.face_share},          {"planar_residual", m.planar_residual},
                   {"solid_residual", m.solid_residual},  {"nose_parallax", m.nose_parallax},
                   {"largest_skip", m.largest_skip},      {"skip_at_lights", m.skip_at_lights},
                   {"least_sameness", m.least_sameness},  {"light_correlation", m.light_correlation},
                   {"light_gain", m.light_gain},          {"longest_still_ms", m.longest_still_ms},
                   {"longest_loop_ms", m.longest_loop_ms}};
  out["depth_shown"] = v.depth_shown;
  if (m.relief) out["relief"] = *m.relief;
  return out;
}

}  // namespace authx::face::active
