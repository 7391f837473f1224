#include "engines/iris/extract.h"
#include "engines/iris/fusion.h"
#include "engines/iris/protection.h"
#include "engines/iris/record.h"
#include "imaging/decode.h"
#include "services/biometrics/modality.h"

namespace authx::biometrics {
namespace {

json::string_view js(std::string_view s) { return {s.data(), s.size()}; }

class ProtectedIris final : public Protected {
 public:
  explicit ProtectedIris(const iris::Code& code) : code_(code) {}
  const iris::Code& value() const { return code_; }

 private:
  iris::Code code_;
};

class ProtectedIrisProbe final : public ProtectedProbe {
 public:
  explicit ProtectedIrisProbe(std::vector<iris::Code> rotations) : rotations_(std::move(rotations)) {}
  Comparison compare(const Protected& reference) const override {
    const auto m = iris::match_protected(rotations_, static_cast<const ProtectedIris&>(reference).value());
    return {1 - m.distance, m.fmr, m.match};
  }

 private:
  std::vector<iris::Code> rotations_;
};

struct Eye {
  imaging::Image image;
  int position = 0;
};

Result<std::vector<Eye>> read_eyes(BytesView data, const Input& input, const Deadline& deadline) {
  std::vector<Eye> out;
  if (input.raw_width != 0 || input.raw_height != 0) {
    if (data.size() != static_cast<std::size_t>(input.raw_width) * static_cast<std::size_t>(input.raw_height))
      return Error::invalid("image", "does not have as many bytes as pixels");
    imaging::Image image{input.raw_width, input.raw_height, 1};
    image.pixels.assign(data.begin(), data.end());
    out.push_back({std::move(image), 0});
  } else if (iris::is_record(data)) {
    AX_TRY(const auto record, iris::read_record(data));
    for (const auto& i : record.images) {
      if (out.size() == 8) return Error::invalid("image", "the record has too many images");
      AX_TRY(auto image, iris::picture(i));
      out.push_back({std::move(image), static_cast<int>(i.eye)});
    }
  } else {
    AX_TRY(auto decoded, imaging::decode(data, {}, deadline));
    out.push_back({std::move(decoded.pages.front()), 0});
  }
  return out;
}

Sample to_sample(const iris::Extraction& e) {
  Sample s;
  const auto& q = e.quality;
  s.quality = q.score / 100.0;
  s.features = iris::serialize(e.iris);
  for (const auto& [name, value] : iris::measures(q)) s.measures[js(name)] = value;
  for (const auto issue : q.issues) s.reasons.push_back({std::string{iris::to_string(issue)}, std::string{iris::advice(issue)}});
  for (const auto& cue : e.cues) s.attack_signals[js(cue.name)] = cue.value;
  return s;
}

/// Extraction names the issue as the reason of its error.
Reason reason_of(const Error& error) {
  const std::string code = error.faults.empty() ? "no_eye" : error.faults.front().reason;
  for (auto i = iris::Issue::no_eye; i <= iris::Issue::poor_gray_levels; i = static_cast<iris::Issue>(static_cast<int>(i) + 1)) {
    if (iris::to_string(i) == code) return {code, std::string{iris::advice(i)}};
  }
  return {"unreadable", "The picture cannot be used: " + code};
}

Result<std::vector<iris::Template>> templates(std::span<const Bytes> features) {
  std::vector<iris::Template> out;
  for (const Bytes& f : features) {
    AX_TRY(const auto t, iris::deserialize(f));
    out.push_back(t);
  }
  return out;
}

class Iris final : public Modality {
 public:
  std::string_view name() const override { return "iris"; }
  std::string_view model() const override { return "authx-iris-1"; }
  int positions() const override { return 2; }

  Result<> probe(BytesView data, const Input& input) const override {
    if (input.raw_width != 0 || iris::is_record(data)) {
      AX_CHECK(read_eyes(data, input, {}));
      return {};
    }
    AX_TRY(const auto probed, imaging::probe(data));
    if (probed.format == imaging::FileFormat::pdf) return Error::invalid("image", "must be a picture, not a PDF");
    return {};
  }

  Result<std::vector<Sample>> extract(BytesView data, const Input& input, const Deadline& deadline) const override {
    AX_TRY(const auto eyes, read_eyes(data, input, deadline));
    std::vector<Sample> out;
    for (const auto& eye : eyes) {
      const int named = input.position != 0 ? input.position : eye.position;
      const int position = named > positions() ? 0 : named;
      auto e = iris::extract(eye.image, static_cast<iris::Eye>(position), deadline);
      if (!e && e.error().code != Errc::validation) return std::move(e).error();
      Sample s = e ? to_sample(*e) : Sample{};
      if (!e) s.reasons.push_back(reason_of(e.error()));
      s.position = position;
      out.push_back(std::move(s));
    }
    return out;
  }

  Result<Comparison> compare(std::span<const Bytes> probes, std::span<const Bytes> references, double target_fmr) const override {
    AX_TRY(const auto p, templates(probes));
    AX_TRY(const auto r, templates(references));
    const auto m = iris::match_images(p, r, target_fmr);
    return Comparison{1 - m.distance, m.fmr, m.match};
  }

  Result<Bytes> protect(BytesView features, BytesView key) const override {
    AX_TRY(const auto t, iris::deserialize(features));
    return iris::serialize(iris::Protection{key}.apply(t));
  }

  Result<std::unique_ptr<Protected>> load_protected(BytesView data) const override {
    AX_TRY(const auto t, iris::deserialize(data));
    return std::unique_ptr<Protected>{std::make_unique<ProtectedIris>(t.code)};
  }

  Result<std::unique_ptr<ProtectedProbe>> protected_probe(BytesView features, BytesView key) const override {
    AX_TRY(const auto t, iris::deserialize(features));
    return std::unique_ptr<ProtectedProbe>{std::make_unique<ProtectedIrisProbe>(iris::Protection{key}.rotations(t.code))};
  }
};

}  // namespace

const Modality& iris_modality() {
  static const Iris instance;
  return instance;
}

}  // namespace authx::biometrics
