#include "engines/face/shadow.h"

namespace authx::face {
namespace {

ShadowReport begun(const FaceEngine& engine, const Analysis& primary) {
  ShadowReport r;
  r.shadow_model = engine.embedding_model_id();
  r.primary_found = primary.chosen.has_value();
  r.primary_quality = primary.quality.score;
  return r;
}

std::string text_of(const Error& e) {
  std::string text{e.detail.empty() ? e.message : e.detail};
  for (const auto& fault : e.faults) text += fmt::format("{}{} {}", text.empty() ? "" : "; ", fault.field, fault.reason);
  return text.empty() ? std::string{to_string(e.code)} : text;
}

}  // namespace

void Shadow::observe(const imaging::Image& live, const Analysis& primary, const Deadline& deadline) const noexcept {
  try {
    ShadowReport r = begun(*engine_, primary);
    const auto mine = engine_->analyse(live, kProbe, deadline);
    if (mine) {
      r.shadow_found = mine->chosen.has_value();
      r.shadow_quality = mine->quality.score;
    } else {
      r.error = text_of(mine.error());
    }
    report_(r);
  } catch (...) {  // a candidate's failure is nobody's failure
  }
}

void Shadow::observe(const imaging::Image& document, const imaging::Image& live, const Analysis& primary, const Comparison& decided,
                     const Deadline& deadline) const noexcept {
  try {
    ShadowReport r = begun(*engine_, primary);
    r.primary = decided;
    const auto compare = [&]() -> Result<> {
      AX_TRY(const auto portrait, engine_->portrait(document, deadline));
      AX_TRY(const auto mine, engine_->analyse(live, kProbe, deadline));
      r.shadow_found = mine.chosen.has_value();
      r.shadow_quality = mine.quality.score;
      if (!portrait.embedding || !mine.embedding) return {};
      AX_TRY(r.shadow, engine_->compare(*portrait.embedding, *mine.embedding, Use::document_to_live));
      return {};
    };
    if (const auto done = compare(); !done) r.error = text_of(done.error());
    report_(r);
  } catch (...) {  // as above
  }
}

}  // namespace authx::face
