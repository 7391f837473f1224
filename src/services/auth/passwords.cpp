#include "services/auth/passwords.h"

#include <zxcvbn.h>

#include "base/secret.h"

namespace authx::auth {
namespace {

constexpr std::size_t kEstimated = 64;  // the estimate's time grows with the square of the length; a longer password is no weaker

}  // namespace

std::vector<std::string> context_words(std::string_view name, std::string_view email) {
  std::vector<std::string> words{"authx", "fai"};
  for (const auto text : {name, email}) {
    std::string word;
    for (const char c : text) {
      const bool part = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
      if (part) {
        word += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
        continue;
      }
      if (word.size() >= 3) words.push_back(word);
      word.clear();
    }
    if (word.size() >= 3) words.push_back(word);
  }
  return words;
}

Result<> Passwords::check(std::string_view field, std::string_view password, const std::vector<std::string>& words) const {
  std::vector<const char*> list;
  for (const auto& word : words) list.push_back(word.c_str());
  list.push_back(nullptr);
  std::string begin{password.substr(0, kEstimated)};
  const double bits = ::ZxcvbnMatch(begin.c_str(), list.data(), nullptr);
  wipe(begin.data(), begin.size());
  if (bits < least_bits_) return Error::invalid(std::string{field}, "is among the first that a guesser would try");
  if (breached_ && breached_->contains(password)) return Error::invalid(std::string{field}, "is in a list of passwords from data breaches");
  return {};
}

Result<std::string> Passwords::hash_new(std::string_view field, std::string_view password, const std::vector<std::string>& words) const {
  AX_CHECK(check(field, password, words));
  return crypto::hash_password(password, cost_);
}

}  // namespace authx::auth
