#include "services/oauth/key_sets.h"

#include <algorithm>

#include "services/oauth/outside_json.h"

namespace authx::oauth {

void KeySets::make_room() {
  if (known_.size() < kMostSets) return;
  const auto oldest = std::ranges::min_element(known_, {}, [](const auto& entry) {
    return entry.second.reading ? Time::max() : entry.second.tried_at;  // nobody loses what is being read for them
  });
  if (!oldest->second.reading) known_.erase(oldest);
}

Result<KeySets::Look> KeySets::look(const std::string& url, bool anew) {
  const auto now = clock_.now();
  const std::scoped_lock lock{mutex_};
  if (!known_.contains(url)) make_room();
  auto& known = known_[url];
  const bool fresh = known.keys && known.read_at + kKept > now;
  if (fresh && !anew) return Look{known.keys, nullptr};
  if (known.reading) return Look{};
  if (fresh && !known.may_renew(now)) return Look{known.keys, nullptr};
  if (!fresh && known.tried_at + kPatience > now) return Error{Errc::unavailable, "key set: could not be read"};
  if (reading_ >= kAtOnce) {
    if (fresh) return Look{known.keys, nullptr};
    return Error{Errc::overloaded, "key sets"};
  }
  known.reading = true;
  known.tried_at = now;
  ++reading_;
  return Look{nullptr, std::make_shared<Turn>(*this, url)};
}

bool KeySets::Known::may_renew(Time now) {
  const auto gained = (now - counted_at) / kPatience;
  if (gained > 0) {
    renewals = static_cast<int>(std::min<std::int64_t>(kMostRenewals, renewals + gained));
    counted_at = now;
  }
  if (renewals == 0) return false;
  --renewals;
  return true;
}

KeySets::Turn::~Turn() { sets_.end(url_); }

void KeySets::end(const std::string& url) {
  {
    const std::scoped_lock lock{mutex_};
    known_[url].reading = false;
    --reading_;
  }
  read_.notify_all();
}

Result<KeySets::Keys> KeySets::read(std::shared_ptr<Turn> turn) {
  OutsideCall call;
  call.url = turn->url_;
  call.allow_private = allow_private_;
  call.answer_limit = kLongest;
  const auto said = call_outside(call);
  std::vector<crypto::PublicKey> found;
  if (said)
    if (const auto* list = said->if_contains("keys"); list != nullptr && list->is_array())
      for (const auto& item : list->as_array()) {
        if (!item.is_object() || found.size() >= kMostKeys) continue;
        // Of other uses and kinds there may be any number; only those that verify count.
        if (auto key = crypto::PublicKey::from_jwk(item.as_object())) found.push_back(std::move(*key));
      }
  if (!said) return said.error();
  if (found.empty()) return Error{Errc::unavailable, "key set: holds no key that verifies"};
  const auto keys = std::make_shared<const std::vector<crypto::PublicKey>>(std::move(found));
  const std::scoped_lock lock{mutex_};
  auto& known = known_[turn->url_];
  known.keys = keys;
  known.read_at = clock_.now();
  return keys;
}

Result<KeySets::Keys> KeySets::get(const std::string& url, bool anew) {
  for (int turn = 0; turn < 2; ++turn) {
    AX_TRY(auto seen, look(url, anew));
    if (seen.keys) return std::move(seen.keys);
    if (seen.turn) return read(std::move(seen.turn));
    std::unique_lock lock{mutex_};
    read_.wait_for(lock, std::chrono::seconds{12}, [&] { return !known_[url].reading; });
  }
  return Error{Errc::unavailable, "key set: could not be read"};
}

}  // namespace authx::oauth
