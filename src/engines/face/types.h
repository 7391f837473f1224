#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace authx::face {

/// Pixels of the image that was given in, origin at the top left; may lie outside it.
struct Point {
  float x = 0, y = 0;
};
struct Point3 {
  float x = 0, y = 0, z = 0;  ///< z in pixels too, smaller is nearer the camera
};
struct Box {
  float x = 0, y = 0, width = 0, height = 0;
  float area() const noexcept { return width * height; }
};

/// Left eye, right eye, nose tip, left and right mouth corner; left and right as seen in the image.
using FivePoints = std::array<Point, 5>;

struct DetectedFace {
  float score = 0;  ///< 0..1
  Box box;
  FivePoints points;
};

/// Degrees. Yaw > 0: the face turns to the image's right; pitch > 0: it looks up; roll > 0: it leans clockwise.
struct Pose {
  float yaw = 0, pitch = 0, roll = 0;
};

struct Geometry {
  std::vector<Point3> mesh;           ///< MediaPipe's 468 vertices; empty when the pack has no mesh
  std::vector<Point3> landmarks;      ///< the 68 points of iBUG 300-W, from the mesh or InsightFace's 1k3d68; else empty
  std::vector<Point3> landmarks_106;  ///< InsightFace's 2d106det (z = 0); else empty
  Pose pose;
  float face_presence = 1;   ///< the mesh model's own belief that a face is there, 0..1
  float eye_openness = 0;    ///< mean eye aspect ratio; compare with the same person's open eyes only
  float mouth_openness = 0;  ///< inner lip gap ÷ mouth width
};

/// What InsightFace's genderage guesses. No decision may rest on it.
struct Attributes {
  bool male = false;
  float age = 0;  ///< years
};

/// Reasons that a page can show. `to_string` is stable.
enum class QualityIssue {
  no_face,
  several_faces,
  too_small,  ///< eyes closer than needed for matching
  cut_off,    ///< the face touches the image's border
  blurred,
  too_dark,
  too_bright,
  low_contrast,
  uneven_light,
  turned_away,  ///< yaw or pitch beyond what matching bears
  tilted,
  eyes_closed,
  mouth_open,
  sunglasses,  ///< both eyes are hidden
  mask,        ///< nose and mouth are hidden
  compressed,  ///< block borders of strong JPEG compression show
};
std::string_view to_string(QualityIssue issue) noexcept;
/// A sentence for the person in front of the camera.
std::string_view advice(QualityIssue issue) noexcept;

/// Components after ISO/IEC 29794-5, each 0..1 (1 = best), measured on the aligned face. `score` is their
/// weighted geometric mean: one bad component can't be outweighed by good ones.
struct Quality {
  double score = 0;
  double sharpness = 0;
  double exposure = 0;
  double contrast = 0;
  double evenness = 0;     ///< left against right half
  double resolution = 0;   ///< from the inter-eye distance
  double frontality = 0;   ///< from the head pose
  double openness = 1;     ///< nothing hides eyes, nose and mouth; 1 without a mesh
  double expression = 1;   ///< closed mouth, open eyes; 1 without a mesh
  double background = 1;   ///< even beside and above the head; does not count in `score`
  double compression = 1;  ///< no block borders; does not count in `score`
  float inter_eye_px = 0;
  std::vector<QualityIssue> issues;
  bool acceptable = false;  ///< no issue that would make matching unsafe
};

/// Presentation-attack signal from one still image. It is evidence, not a control: printed or replayed
/// faces pass single-image checks often enough that no decision may rest on it alone.
struct Liveness {
  bool available = false;       ///< a trained model spoke; else `score` is absent and only cues are given
  std::optional<double> score;  ///< calibrated belief that the face is live, 0..1 (0.5 = no information)
  std::string method;           ///< "minifasnet-pair" | "image-cues"
  struct Cue {
    std::string name;  ///< "recapture_frequency", "face_scale", "saturation"
    double value = 0;  ///< 0 (nothing suspicious) .. 1
  };
  std::vector<Cue> cues;
};

/// A face as a point in one model's space. Comparing across `model_id`s is refused.
struct Embedding {
  std::string model_id;
  std::vector<float> values;  ///< unit length
};

/// Bands of the false-match rate at the observed score: high FMR ≤ 1e-5, medium ≤ 1e-4, low ≤ 1e-3, else none.
enum class ConfidenceLevel { none, low, medium, high };
std::string_view to_string(ConfidenceLevel level) noexcept;

/// What a comparison is for decides which false-match rate it may have and which calibration table applies.
enum class Use {
  document_to_live,  ///< a print against a live capture: FMR 1e-4, calibrated on degraded prints
  live_to_live,      ///< FMR 1e-4
  search,            ///< one against many: FMR 1e-6 a comparison, so that ten thousand enrolled make 1 %
};
std::string_view to_string(Use use) noexcept;
double target_fmr(Use use) noexcept;

struct Comparison {
  double similarity = 0;   ///< the model's own scale: cosine, -1..1
  double probability = 0;  ///< calibrated: same person, at even prior odds
  /// Calibrated: how much likelier this similarity is for one person than for two; 1 says nothing. Held within
  /// 1e-6..1e6, since no calibration set supports more.
  double likelihood_ratio = 1;
  double fmr = 1;        ///< share of different-person pairs that score at least this much, 0..1
  double threshold = 1;  ///< similarity at the requested false-match rate
  bool match = false;    ///< similarity ≥ threshold
  ConfidenceLevel confidence = ConfidenceLevel::none;
};

}  // namespace authx::face
