#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "crypto/jws.h"

namespace authx::oauth {

/// The JWK sets that other servers publish (RFC 7517) at addresses that clients and providers name: read through `call_outside`, kept for
/// `kKept`, read again for a signature that no key fits at most `kMostRenewals` times at once and once every `kPatience` in the long run.
/// Of each set only the keys that verify count, at most `kMostKeys`; at most `kMostSets` are kept, and at most `kAtOnce` are read at a
/// time, so that slow servers leave threads to others. Thread-safe.
class KeySets {
 public:
  static constexpr std::chrono::minutes kKept{15};
  static constexpr std::chrono::seconds kPatience{10};
  static constexpr int kMostRenewals = 3;
  static constexpr std::size_t kMostKeys = 50, kMostSets = 1000, kAtOnce = 2;
  static constexpr std::size_t kLongest = std::size_t{64} << 10;

  using Keys = std::shared_ptr<const std::vector<crypto::PublicKey>>;

  KeySets(const Clock& clock, bool allow_private) : clock_(clock), allow_private_(allow_private) {}

  /// The right to read an address, which one call has at a time; it ends with the object.
  class Turn {
   public:
    Turn(KeySets& sets, std::string url) : sets_(sets), url_(std::move(url)) {}
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    friend class KeySets;
    KeySets& sets_;
    std::string url_;
  };
  /// Keys that are known, or the turn to `read` them; neither: another call reads them now, ask again in a moment. `anew`: what is known
  /// did not fit. Errors: `Errc::unavailable` for an address that could not be read a moment ago, `Errc::overloaded`.
  struct Look {
    Keys keys;
    std::shared_ptr<Turn> turn;
  };
  Result<Look> look(const std::string& url, bool anew);
  /// Blocks.
  Result<Keys> read(std::shared_ptr<Turn> turn);
  /// Both, waiting for another call's reading. Blocks: for worker threads.
  Result<Keys> get(const std::string& url, bool anew);

 private:
  struct Known {
    Keys keys;
    Time read_at{}, tried_at{};
    Time counted_at{};
    int renewals = kMostRenewals;
    bool reading = false;

    bool may_renew(Time now);
  };
  void make_room();
  void end(const std::string& url);

  const Clock& clock_;
  bool allow_private_;
  std::mutex mutex_;
  std::condition_variable read_;
  std::unordered_map<std::string, Known> known_;
  std::size_t reading_ = 0;
};

}  // namespace authx::oauth
