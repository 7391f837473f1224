#include <algorithm>
#include <unordered_map>

#include "services/biometrics/biometrics_service.h"
#include "telemetry/biometric_metrics.h"

namespace authx::biometrics {
namespace {

constexpr std::chrono::seconds kExtractLimit{30};
constexpr std::size_t kShortlist = 100;  ///< compared in full where full templates are kept

constexpr db::Query kIds{
    "biometrics.gallery_ids",
    "SELECT r.id FROM biometric_protected p JOIN biometric_references r ON r.id = p.reference_id JOIN biometric_subjects s "
    "ON s.id = r.subject_id WHERE p.purpose = $1 AND r.biometric_type = $2 AND r.expires_at > $3 AND p.key_version = $4 "
    "AND s.tenant_id = $5"};
constexpr db::Query kEntry{"biometrics.gallery_entry",
                           "SELECT r.subject_id, r.position, p.data FROM biometric_protected p JOIN biometric_references r ON r.id = "
                           "p.reference_id WHERE p.reference_id = $1 AND p.purpose = $2"};
constexpr db::Query kTemplate{"biometrics.template", "SELECT template FROM biometric_references WHERE id = $1"};

}  // namespace

/// Protected references of one purpose under its present key, opened. Immutable; made anew from the last when rows changed.
struct BiometricsService::Gallery {
  struct Entry {
    Uuid subject;
    int position = 0;
    std::unique_ptr<Protected> reference;
  };
  std::int64_t key_version = 0;
  std::unordered_map<Uuid, std::shared_ptr<const Entry>> entries;  ///< by reference
};

Result<std::shared_ptr<const BiometricsService::Gallery>> BiometricsService::gallery(db::Tx& tx, const Modality& modality,
                                                                                     const std::string& purpose) {
  const auto& tenant = tx.scope().home();
  const std::string name = tenant.str() + " " + std::string{modality.name()} + " " + purpose;
  std::shared_ptr<const Gallery> last;
  {
    const std::lock_guard lock{mutex_};
    last = galleries_[name];
  }
  const auto next = std::make_shared<Gallery>();
  AX_TRY(next->key_version, key_version(tx, purpose));
  if (last && last->key_version != next->key_version) last.reset();
  AX_TRY(const auto ids, tx.exec(kIds, purpose, modality.name(), p_.clock.now(), next->key_version, tenant));
  next->entries.reserve(ids.size());
  for (const auto& row : ids) {
    const auto id = row.uuid(0);
    if (last) {
      if (const auto known = last->entries.find(id); known != last->entries.end()) {
        next->entries.emplace(id, known->second);
        continue;
      }
    }
    AX_TRY(const auto rows, tx.exec(kEntry, id, purpose));
    if (rows.empty()) continue;
    AX_TRY(const auto subject, find_subject(tx, p_.keyring, rows[0].uuid(0)));
    if (!subject) continue;
    AX_TRY(const auto data, subject->open("biometric_protected", purpose, id, rows[0].bytes(2)));
    AX_TRY(auto reference, modality.load_protected(data));
    next->entries.emplace(id, std::make_shared<const Gallery::Entry>(
                                  Gallery::Entry{subject->id, static_cast<int>(rows[0].integer(1)), std::move(reference)}));
  }
  const std::lock_guard lock{mutex_};
  galleries_[name] = next;
  return std::shared_ptr<const Gallery>{next};
}

awaitable<Result<Found>> BiometricsService::search(Uuid caller, std::string type, Bytes data, Input input, std::string purpose,
                                                   std::size_t limit, http::RequestInfo request) {
  const auto started = std::chrono::steady_clock::now();
  const auto* modality = find_modality(type);
  if (modality == nullptr) {
    Error none{Errc::capability_unavailable, "no engine"};
    none.message = "This server has no " + type + " engine";
    Result<Found> refused{std::move(none)};
    co_return refused;
  }
  struct Candidate {
    Uuid reference, subject;
    int position = 0;
    Comparison comparison;
  };
  struct Work {
    std::vector<Candidate> candidates;
    std::int64_t searched = 0;
  };
  auto work = [this, modality, data = std::move(data), input, purpose, limit, tenant = request.tenant]() -> Result<Work> {
    auto samples = modality->extract(data, input, Deadline::after(kExtractLimit));
    if (!samples && samples.error().code != Errc::validation) return std::move(samples).error();
    if (!samples || samples->size() != 1 || samples->front().features.empty())
      return Error::invalid("biometric_data",
                            samples && samples->size() > 1 ? "must hold one picture" : "cannot be read or holds nothing to search by");
    const Bytes& features = samples->front().features;
    AX_TRY(const auto all, p_.database.sync().read(tenant, [&](db::Tx& tx) { return gallery(tx, *modality, purpose); }));
    const auto key = purpose_key(tenant, modality->name(), purpose, all->key_version);
    AX_TRY(const auto probe, modality->protected_probe(features, key.expose()));
    std::vector<Candidate> candidates;
    for (const auto& [id, entry] : all->entries) {
      if (input.position != 0 && entry->position != 0 && entry->position != input.position) continue;
      candidates.push_back({id, entry->subject, entry->position, probe->compare(*entry->reference)});
    }
    Work out;
    out.searched = static_cast<std::int64_t>(candidates.size());
    const auto better = [](const Candidate& a, const Candidate& b) {
      return a.comparison.score != b.comparison.score ? a.comparison.score > b.comparison.score : a.reference < b.reference;
    };
    const auto count = std::min(candidates.size(), kShortlist);
    std::ranges::partial_sort(candidates, candidates.begin() + static_cast<std::ptrdiff_t>(count), better);
    candidates.resize(count);
    AX_CHECK(p_.database.sync().read(tenant, [&](db::Tx& tx) -> Result<> {
      for (auto& c : candidates) {
        AX_TRY(const auto rows, tx.exec(kTemplate, c.reference));
        if (rows.empty() || rows[0].is_null(0)) continue;
        AX_TRY(const auto subject, find_subject(tx, p_.keyring, c.subject));
        if (!subject) continue;
        AX_TRY(const auto whole, subject->open("biometric_references", "template", c.reference, rows[0].bytes(0)));
        AX_TRY(c.comparison, modality->compare({&features, 1}, {&whole, 1}, p_.target_fmr));
      }
      return {};
    }));
    for (auto& c : candidates) {
      c.comparison.fmr = std::min(1.0, c.comparison.fmr * static_cast<double>(std::max<std::int64_t>(1, out.searched)));
      c.comparison.match = c.comparison.fmr <= p_.target_fmr;
    }
    std::erase_if(candidates, [](const Candidate& c) { return !c.comparison.match; });
    std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) { return a.comparison.fmr < b.comparison.fmr; });
    for (const auto& c : candidates) {  // several impressions of one person are one hit
      if (out.candidates.size() < limit && std::ranges::find(out.candidates, c.subject, &Candidate::subject) == out.candidates.end())
        out.candidates.push_back(c);
    }
    return out;
  };
  AX_CO_TRY(const auto done, co_await p_.vision.run(std::move(work)));
  Found found;
  found.searched = done.searched;
  auto name_and_record = [this, caller, &done, &type, &purpose, &request](db::Tx& tx) -> Result<std::vector<Hit>> {
    std::vector<Hit> hits;
    for (const auto& c : done.candidates) {
      const auto owner = owner_of(tx, p_.keyring, c.subject);
      if (owner)
        hits.push_back({*owner, c.position, c.comparison});
      else if (owner.error().code != Errc::not_found)
        return owner.error();
    }
    AX_CHECK(p_.audit.append(
        tx, {caller, "biometric.searched",
             json::serialize(json::object{{"type", type}, {"purpose", purpose}, {"searched", done.searched}, {"hits", hits.size()}}),
             &request}));
    return hits;
  };
  AX_CO_TRY(found.hits, co_await p_.database.write(request.tenant, name_and_record));
  const auto took = std::chrono::steady_clock::now() - started;
  metrics::biometric_duration().observe(std::chrono::duration<double>(took).count());
  metrics::biometric_comparisons("search", found.hits.empty() ? "no_match" : "match").add();
  found.milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  co_return found;
}

}  // namespace authx::biometrics
