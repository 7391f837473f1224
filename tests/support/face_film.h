#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engines/face/active.h"
#include "engines/face/face_engine.h"
#include "imaging/image.h"

/// Films of a photographed person who answers an active challenge, and of attacks on it. Synthetic: the photograph is laid on
/// the 468-point mesh that was measured on it and moved before a pinhole camera. Real skin, hair, cameras and people differ.
namespace authx::film {

/// What stands before the camera.
enum class Body {
  head,          ///< the mesh in its depth
  flat,          ///< the photograph as a plane
  bent_upright,  ///< on a cylinder with an upright axis, as a print bent around a face
  bent_lying,    ///< on a cylinder with a level axis
  cut_out,       ///< a flat print with holes, behind which living eyes and a living mouth lie deeper
};

struct Person {
  imaging::Image photo;
  std::vector<face::Point3> mesh;  ///< of the photograph, in its pixels
  float inter_eye = 0;
};
/// Errors: validation when the photograph shows no straight, open-eyed face that is large enough.
Result<Person> make_person(const face::FaceEngine& engine, imaging::Image photo);

/// The state of the scene at one time.
struct Pose {
  double yaw = 0, pitch = 0, roll = 0;   ///< degrees, signs as face::Pose
  double x = 0, y = 0;                   ///< of the head, in eye distances
  double nearness = 1;                   ///< size on the picture against the start
  double closed = 0;                     ///< eyelids 0..1
  double smile = 0;                      ///< 0..1
  std::array<double, 3> light{0, 0, 0};  ///< of the screen, RGB 0..1
};
using Script = std::function<Pose(double seconds)>;

/// A person who does what the plan asks, each in own time and measure.
struct Habits {
  double reaction = 0.45, pace = 0.5, hold = 0.45;  ///< seconds
  double yaw = 28, pitch = 15, nearness = 1.38, smile = 1, unrest = 1;
  std::uint32_t seed = 1;
};
Habits habits_of(std::uint32_t seed);
Script obey(const face::active::Plan& plan, const Habits& habits);

struct Camera {
  int width = 640, height = 480;
  double inter_eye = 70;  ///< of the person at the start, in pixels
  double noise = 2.5;     ///< standard deviation, gray levels
  double exposure = 1;
  double screen_gain = 0.30;  ///< how much of the room's light a full screen adds on the face
  bool answers_light = true;
  std::uint32_t seed = 1;
};

class Renderer {
 public:
  Renderer(const Person& person, Body body, Camera camera);
  imaging::Image frame(const Pose& pose);

 private:
  struct Vertex {
    double x, y, z;  ///< photo pixels about the face's middle; z away from the camera
  };
  const Person& person_;
  Body body_;
  Camera camera_;
  std::vector<Vertex> rest_;  ///< mesh, then the head's rim, then the fixed frame
  std::vector<std::array<int, 3>> triangles_;
  std::size_t moving_ = 0;  ///< vertices that turn with the head
  double unit_ = 1;         ///< inter-eye distance in photo pixels
  face::Point middle_;
  std::uint64_t noise_state_;
  imaging::Image skin_;  ///< the photograph with the lids as they were last drawn
  double drawn_closed_ = 0;
};

/// The ways to answer a challenge: `genuine`, and attacks by someone who knows the plan as far as the page tells it.
///   still_photo     a print held still
///   flat_photo      a print turned, nodded and brought near as asked        tilted_photo   the same, held aslant and waved
///   bent_photo      a print bent upright, moved as asked
///   cut_out         a flat print with holes, behind which living eyes and a living mouth do as asked
///   mask            a bent print with living eyes
///   flat_puppet     a moving picture (blinks, smiles) on a tablet that is turned and brought near as asked
///   bent_puppet     a moving picture on a screen bent upright               bent_lying     bent the other way
///   replay          the person's answer to another plan, injected           screen_replay  the same, filmed from a screen
///   spliced         earlier recordings of the right tasks by the same camera at the same place, cut together in the right order
///   spliced_moved   the same, the camera a little elsewhere and otherwise exposed in each
///   spliced_lit     as `spliced`, and each colour of the light from an earlier recording of that very colour
///   wrong_order     the right tasks in another order                        swapped        another person answers
///   cut             half by the person, half by another
///   static_frames   one frame injected over and over                        static_moved   moved, turned and enlarged as asked
///   duplicated      the right answer at 2.5 frames a second, each repeated  looped         one task's frames for every task's time
///   shifted_early, shifted_late   the right answer, 1.5 s off               all_the_time   a head that never rests
///   wrong_light     a rendered head that does everything under other colours               no_light   the same without any
const std::vector<std::string_view>& attacks();
/// Whether an attack can be made on this plan (light attacks need lights).
bool applies(std::string_view kind, const face::active::Plan& plan);

using OnFilmFrame = std::function<void(const imaging::Image& frame, std::int64_t at_us)>;

/// Films one answer at `fps`. `other` takes the place of the person where the kind says so.
void film(std::string_view kind, const face::active::Plan& plan, const Person& person, const Person& other, std::uint32_t seed, int fps,
          const OnFilmFrame& on_frame);

/// The still picture that goes with it: the person at rest.
imaging::Image still(const Person& person, std::uint32_t seed);

}  // namespace authx::film
