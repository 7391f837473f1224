#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "engines/face/types.h"

/// Active liveness: a random sequence of small tasks in front of the camera, and the judgement of the video of it.
///
/// What it can show: that whoever or whatever was filmed did the right things at the right times, moved as a solid head and not
/// as a picture, stayed one person, and (with lights) was lit by the screen that showed the random colours. What it cannot show:
/// that the frames come from a camera. A program that renders the person as a moving head in real time and injects its frames
/// passes; only trusted capture hardware would stop it.
namespace authx::face::active {

using std::chrono::microseconds;
using std::chrono::milliseconds;

/// Left and right are the person's own. Turned to their left, a person faces the right of an unmirrored image.
enum class Action { turn_left, turn_right, nod, blink, smile, approach, light };
std::string_view to_string(Action action) noexcept;
std::optional<Action> parse_action(std::string_view word) noexcept;

struct Colour {
  std::uint8_t red = 0, green = 0, blue = 0;
};

/// Times are since the first frame of the video, at which the page starts to prompt.
struct Step {
  Action action = Action::nod;
  milliseconds at{0}, duration{0};
  Colour colour;  ///< of the screen during a `light` step
};

struct Plan {
  std::vector<Step> steps;  ///< ascending, not overlapping; before and between them the person looks straight at the camera
  milliseconds length{0};   ///< until which the recording must go on
};

struct PlanOptions {
  /// Coloured screens; off for people whom flashing light may harm, and where it would not be seen.
  bool lights = true;
};

inline constexpr std::size_t kPlanEntropy = 32;

/// Three tasks (four without lights) in random order with random lengths, among them always a turn of the head, which shows its
/// depth, and a blink or a smile, which a rigid mask cannot do; with lights, four colours of 600 ms each, never twice the same in
/// a row, at a random place in the sequence. Colours change fewer than three times a second and none is a saturated red (WCAG
/// 2.2, success criterion 2.3.1). The plan depends on nothing but `entropy`, of which kPlanEntropy bytes are used.
Plan make_plan(std::span<const std::uint8_t> entropy, const PlanOptions& options = {});

/// What an answer left open that was else in order: one task was not seen, or the turn did not show the head's depth. A second,
/// shorter answer may show it.
struct FollowUp {
  std::optional<Action> missed;
  bool depth_shown = false;
};

/// Two tasks: the missed one, a turn if the depth is still to be shown, else any other. Lights as above.
Plan make_follow_up(std::span<const std::uint8_t> entropy, const FollowUp& first, const PlanOptions& options = {});

json::object to_json(const FollowUp& first);
Result<FollowUp> follow_up_from_json(const json::value& v);

bool has_lights(const Plan& plan) noexcept;

json::object to_json(const Plan& plan);
Result<Plan> plan_from_json(const json::value& v);

using Rgb = std::array<float, 3>;

inline constexpr int kThumbWidth = 48, kThumbHeight = 36;
inline constexpr int kEyeWidth = 24, kEyeHeight = 12;
/// One eye, gray, laid so that its corners come to fixed places.
using EyePatch = std::array<std::uint8_t, kEyeWidth * kEyeHeight>;

/// The face, gray, laid level with the outer eye corners at fixed places and the mouth at a fixed height: turning a picture
/// changes nothing here but sharpness, turning a head moves what stands out.
inline constexpr int kLookWidth = 104, kLookHeight = 112;
using Look = std::array<std::uint8_t, kLookWidth * kLookHeight>;

/// What one frame shows.
struct FrameFacts {
  microseconds at{0};
  int faces = 0;      ///< of a size that could be meant
  Geometry geometry;  ///< of the main one; its mesh is empty when there is none
  Box box;
  std::array<EyePatch, 2> eyes{};
  Look look{};
  Rgb skin{};                                                    ///< mean colour of forehead and cheeks, 0..255, as coded (not linear)
  Rgb surround{};                                                ///< the same of the frame's outer parts
  std::array<std::uint8_t, kThumbWidth * kThumbHeight> thumb{};  ///< the whole frame, gray
  /// Similarity to the reference face less the threshold for one person; only of some frames.
  std::optional<double> sameness;
};

struct VideoFacts {
  std::vector<FrameFacts> frames;  ///< ascending in time
  microseconds duration{0};
  int decoded = 0;  ///< frames before thinning
  bool timed = true;
  std::string codec, writer;
};

enum class Outcome {
  passed,
  try_again,  ///< nothing suspicious, but not enough to see: light, framing, speed
  failed,
};
std::string_view to_string(Outcome outcome) noexcept;

/// What a check found. Codes go into the sealed record, never to the person: they would teach an attacker.
enum class Finding {
  unreadable,      ///< the video cannot be decoded
  too_short,       ///< the video ends before the plan
  too_few_frames,  ///< fewer than 6 new frames a second
  interrupted,     ///< a gap in time
  face_lost,       ///< no face in too many frames
  several_faces,
  not_ready,  ///< no steady, straight view at the start to compare with
  too_dark,
  action_missing,  ///< a task was not done in its time
  action_early,    ///< it was being done before it was asked for
  action_unasked,  ///< the head turned or nodded at a time when nothing asked for it
  flat,            ///< the turning head moves as a picture does
  other_person,
  jump,           ///< the face is suddenly elsewhere, be it by little: cut or injected frames
  frozen,         ///< frames repeat while a living picture would change
  looped,         ///< a stretch of moving frames repeats an earlier one
  light_unclear,  ///< the screen's light does not show on the face
  light_wrong,    ///< the face is lit otherwise than the screen shone
};
std::string_view to_string(Finding finding) noexcept;

/// A sentence that helps a person and tells an attacker nothing that the prompts did not.
struct Advice {
  std::string code;  ///< "follow_prompts" | "keep_face_in_frame" | "better_light" | "hold_still" | "recording_failed" | "not_confirmed"
  std::string message;
};

/// Measures behind the findings, for the record and for research.
struct Measures {
  struct Task {
    Action action;
    double peak = 0;                    ///< the strongest it was done, in its own unit (degrees; ratio to the person's rest)
    std::optional<milliseconds> onset;  ///< since the prompt
    bool done = false;
  };
  std::vector<Task> tasks;
  double frame_rate = 0;  ///< of frames that differ from the one before
  double face_share = 0;
  double planar_residual = 0;  ///< of the best homography between straight and turned view, in eye distances
  double solid_residual = 0;   ///< of the best affine view of the straight view's own 3-D mesh
  double nose_parallax = 0;    ///< the nose tip's shift against midline and cheeks per sine of the turn, in eye distances; the least
  /// How far the pixels move by a face's depth as the head turns: 1 a head, 0 a picture however bent (active_geometry.h). Nothing:
  /// too little of the face was found again.
  std::optional<double> relief;
  /// How far the head's place departs from where it moved before and after, against what it does in this video; the largest, and
  /// the mean of the largest at each change of the lights.
  double largest_skip = 0, skip_at_lights = 0;
  double least_sameness = 1;
  double light_correlation = 0, light_gain = 0;
  double longest_still_ms = 0, longest_loop_ms = 0;
};

struct Verdict {
  Outcome outcome = Outcome::failed;
  /// The pixels, not only the mesh, show a solid head. Without it a pass is no proof against a picture bent on a curved screen;
  /// with smooth or shaded faces it often cannot be seen, so it is not held against a person but left for a reviewer.
  bool depth_shown = false;
  std::vector<Finding> findings;
  Measures measures;
};

/// Judges a video against the plan that was issued. Pure.
Verdict judge(const Plan& plan, const VideoFacts& video);

/// What may be asked for once more after this judgement; nothing where all was shown, or where more than one task or anything else
/// went wrong.
std::optional<FollowUp> follow_up_for(const Verdict& verdict);

/// What to tell the person: at most two sentences; empty when passed.
std::vector<Advice> advice_for(const Verdict& verdict);

json::object to_json(const Verdict& verdict);

}  // namespace authx::face::active
