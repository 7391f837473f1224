#include "services/auth/passwords.h"

#include <gtest/gtest.h>

namespace authx::auth {
namespace {

const Passwords kPolicy{{}, 14, nullptr};

TEST(Passwords, TheMostCommonOnesAreRefused) {
  for (const auto* word : {"password", "12345678", "qwertyuiop", "iloveyou", "password123", "Passw0rd!", "aaaaaaaa", "abcd1234"})
    EXPECT_FALSE(kPolicy.check("password", word, {})) << word;
}

TEST(Passwords, NoRuleOfCompositionStandsInTheWay) {
  for (const auto* word : {"correct horse battery", "secure_password", "zwölf boxkämpfer", "王小明喜歡喝茶看書", "xkqvhzpw"})
    EXPECT_TRUE(kPolicy.check("password", word, {})) << word;
}

TEST(Passwords, WordsOfThePersonAreGuessedFirst) {
  const auto words = context_words("Venkatanarasimharaju Rao", "vrao@example.org");
  EXPECT_TRUE(kPolicy.check("password", "venkatanarasimharaju", {}));
  EXPECT_FALSE(kPolicy.check("password", "venkatanarasimharaju", words));
}

}  // namespace
}  // namespace authx::auth
