#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/password.h"
#include "services/auth/breached_list.h"

namespace authx::auth {

/// Which passwords are taken, and what they are hashed with. No rules of composition: what counts is how early a guesser would come to it.
/// Thread-safe; both calls take milliseconds and belong on the hash pool.
class Passwords {
 public:
  Passwords(crypto::PasswordCost cost, double least_bits, std::shared_ptr<const BreachedList> breached)
      : cost_(cost), least_bits_(least_bits), breached_(std::move(breached)) {}

  /// Refuses what zxcvbn (Wheeler, USENIX Security 2016) estimates under `least_bits` bits of guesses, knowing the words of the
  /// person (name, address), and what the list of breached passwords holds. Error: validation on `field`.
  Result<> check(std::string_view field, std::string_view password, const std::vector<std::string>& words) const;
  /// The hash, after `check`.
  Result<std::string> hash_new(std::string_view field, std::string_view password, const std::vector<std::string>& words) const;

  const crypto::PasswordCost& cost() const noexcept { return cost_; }

 private:
  crypto::PasswordCost cost_;
  double least_bits_;
  std::shared_ptr<const BreachedList> breached_;
};

/// The words of a name and an e-mail address, and the product's own, as a guesser would try them.
std::vector<std::string> context_words(std::string_view name, std::string_view email);

}  // namespace authx::auth
