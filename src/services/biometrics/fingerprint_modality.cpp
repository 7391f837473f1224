#include <algorithm>

#include "engines/fingerprint/extract.h"
#include "engines/fingerprint/fusion.h"
#include "engines/fingerprint/image_record.h"
#include "engines/fingerprint/input.h"
#include "engines/fingerprint/protection.h"
#include "imaging/decode.h"
#include "imaging/wsq.h"
#include "services/biometrics/modality.h"

namespace authx::biometrics {
namespace {

namespace fp = fingerprint;

json::string_view js(std::string_view s) { return {s.data(), s.size()}; }

class ProtectedFinger final : public Protected {
 public:
  explicit ProtectedFinger(fp::ProtectedTemplate t) : template_(std::move(t)) {}
  const fp::ProtectedTemplate& value() const { return template_; }

 private:
  fp::ProtectedTemplate template_;
};

class ProtectedFingerProbe final : public ProtectedProbe {
 public:
  ProtectedFingerProbe(BytesView key, const fp::Template& t) : probe_(fp::Protection{key}, t) {}
  Comparison compare(const Protected& reference) const override {
    const auto m = probe_.match(static_cast<const ProtectedFinger&>(reference).value());
    return {m.score, m.fmr, m.match};
  }

 private:
  fp::ProtectedProbe probe_;
};

std::optional<fp::RawSize> raw_size(const Input& input) {
  if (input.raw_width == 0 && input.raw_height == 0) return std::nullopt;
  return fp::RawSize{input.raw_width, input.raw_height};
}

Sample to_sample(const fp::Extraction& e) {
  Sample s;
  const auto& q = e.quality;
  s.quality = q.score / 100.0;
  s.features = fp::serialize(e.finger);
  for (const auto& [name, value] : fp::measures(q)) s.measures[js(name)] = value;
  for (const auto issue : q.issues) s.reasons.push_back({std::string{fp::to_string(issue)}, std::string{fp::advice(issue)}});
  for (const auto& cue : e.cues) s.attack_signals[js(cue.name)] = cue.value;
  return s;
}

Result<std::vector<fp::Template>> templates(std::span<const Bytes> features) {
  std::vector<fp::Template> out;
  for (const Bytes& f : features) {
    AX_TRY(auto t, fp::deserialize(f));
    out.push_back(std::move(t));
  }
  return out;
}

class Fingerprint final : public Modality {
 public:
  std::string_view name() const override { return "fingerprint"; }
  std::string_view model() const override { return "authx-finger-1"; }
  int positions() const override { return 10; }

  Result<> probe(BytesView data, const Input& input) const override {
    if (const auto raw = raw_size(input)) {
      if (data.size() != static_cast<std::size_t>(raw->width) * static_cast<std::size_t>(raw->height))
        return Error::invalid("image", "does not have as many bytes as pixels");
      return {};
    }
    if (imaging::is_wsq(data)) return {};
    if (fp::is_image_record(data)) {
      AX_CHECK(fp::read_image_record(data));
      return {};
    }
    AX_TRY(const auto probed, imaging::probe(data));
    if (probed.format == imaging::FileFormat::pdf) return Error::invalid("image", "must be a picture, not a PDF");
    return {};
  }

  Result<std::vector<Sample>> extract(BytesView data, const Input& input, const Deadline& deadline) const override {
    AX_TRY(const auto images, fp::read_input(data, raw_size(input), deadline));
    std::vector<Sample> out;
    for (const auto& image : images) {
      auto e = fp::extract(image.image, input.dpi > 0 ? input.dpi : image.dpi, deadline);
      if (!e && e.error().code != Errc::validation) return std::move(e).error();
      Sample s = e ? to_sample(*e) : Sample{};
      if (!e) s.reasons.push_back({"no_ridges", "No fingerprint could be found in the picture."});
      const int named = input.position != 0 ? input.position : image.position;
      s.position = named > positions() ? 0 : named;
      out.push_back(std::move(s));
    }
    return out;
  }

  Result<Comparison> compare(std::span<const Bytes> probes, std::span<const Bytes> references, double target_fmr) const override {
    AX_TRY(const auto p, templates(probes));
    AX_TRY(const auto r, templates(references));
    const auto m = fp::match_impressions(p, r, target_fmr);
    return Comparison{m.score, m.fmr, m.match};
  }

  Result<Bytes> protect(BytesView features, BytesView key) const override {
    AX_TRY(const auto t, fp::deserialize(features));
    return fp::serialize(fp::Protection{key}.apply(t));
  }

  Result<std::unique_ptr<Protected>> load_protected(BytesView data) const override {
    AX_TRY(auto t, fp::deserialize_protected(data));
    return std::unique_ptr<Protected>{std::make_unique<ProtectedFinger>(std::move(t))};
  }

  Result<std::unique_ptr<ProtectedProbe>> protected_probe(BytesView features, BytesView key) const override {
    AX_TRY(const auto t, fp::deserialize(features));
    return std::unique_ptr<ProtectedProbe>{std::make_unique<ProtectedFingerProbe>(key, t)};
  }
};

}  // namespace

const Modality& fingerprint_modality() {
  static const Fingerprint instance;
  return instance;
}

}  // namespace authx::biometrics
