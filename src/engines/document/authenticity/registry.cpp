#include <opencv2/core.hpp>

#include "engines/document/authenticity/check.h"

namespace authx::document {
namespace authenticity {

void check_agreement(Scene& scene, std::vector<Finding>& out);
void check_account(Scene& scene, std::vector<Finding>& out);
void check_dates(Scene& scene, std::vector<Finding>& out);
void check_numbers(Scene& scene, std::vector<Finding>& out);
void check_specimen(Scene& scene, std::vector<Finding>& out);
void check_layout(Scene& scene, std::vector<Finding>& out);
void check_screen(Scene& scene, std::vector<Finding>& out);
void check_colour(Scene& scene, std::vector<Finding>& out);
void check_camera(Scene& scene, std::vector<Finding>& out);
void check_metadata(Scene& scene, std::vector<Finding>& out);
void check_compression(Scene& scene, std::vector<Finding>& out);
void check_noise(Scene& scene, std::vector<Finding>& out);
void check_text(Scene& scene, std::vector<Finding>& out);
void check_copies(Scene& scene, std::vector<Finding>& out);
void check_portrait(Scene& scene, std::vector<Finding>& out);

namespace {

// A new check is one file and its line here. The camera's check reads what the compression's found.
constexpr Registered kChecks[] = {
    {&check_agreement, true}, {&check_account, true}, {&check_dates, true},   {&check_numbers, true},      {&check_specimen, true},
    {&check_layout, false},   {&check_screen, false}, {&check_colour, false}, {&check_compression, false}, {&check_camera, false},
    {&check_metadata, false}, {&check_noise, false},  {&check_text, false},   {&check_copies, false},      {&check_portrait, false},
};

}  // namespace

std::span<const Registered> all_checks() { return kChecks; }

}  // namespace authenticity

void appraise_authenticity(const AuthenticityInput& in, std::vector<Finding>& out) {
  if (in.image == nullptr || in.page == nullptr || in.reading == nullptr || in.image->empty() || in.page->rectified.empty()) return;
  authenticity::Scene scene{in};
  for (const auto& check : authenticity::all_checks()) {
    if (check.whole_reading && in.page->side != Side::front) continue;
    const std::size_t before = out.size();
    check.run(scene, out);
    for (std::size_t i = before; i < out.size(); ++i) out[i].side = in.page->side;
  }
}

}  // namespace authx::document
