#include "engines/decision/names.h"

#include <gtest/gtest.h>

namespace authx::decision {
namespace {

TEST(NameWords, DropTitlesPunctuationAndCase) {
  EXPECT_EQ(name_words("Shri. Rajesh K. Sharma"), (std::vector<std::string>{"rajesh", "k", "sharma"}));
  EXPECT_EQ(name_words("D'Souza, José-María"), (std::vector<std::string>{"dsouza", "jose", "maria"}));
  EXPECT_TRUE(name_words(" .- ").empty());
}

TEST(NameWords, FoldEveryLatin1LetterToOneLetter) {
  EXPECT_EQ(name_words("Müller Øystein Ñuñez Çelik"), (std::vector<std::string>{"muller", "oystein", "nunez", "celik"}));
}

TEST(JaroWinkler, GivesThePublishedValues) {  // Winkler 1990, table of examples
  EXPECT_NEAR(jaro_winkler("martha", "marhta"), 0.961, 0.001);
  EXPECT_NEAR(jaro_winkler("dwayne", "duane"), 0.840, 0.001);
  EXPECT_NEAR(jaro_winkler("dixon", "dicksonx"), 0.813, 0.001);
}

TEST(NameSimilarity, AgreesWhateverTheOrderInitialsAndDroppedMiddleNames) {
  EXPECT_GT(name_similarity("John Doe", "DOE JOHN"), 0.99);
  EXPECT_GT(name_similarity("Rajesh Kumar Sharma", "Rajesh K Sharma"), 0.9);
  EXPECT_GT(name_similarity("Rajesh Kumar Sharma", "Rajesh Sharma"), 0.85);
  EXPECT_GT(name_similarity("Priya Raghunathan", "Priya Ragunathan"), 0.9);
}

TEST(NameSimilarity, TellsDifferentPeopleApart) {
  EXPECT_LT(name_similarity("John Doe", "Jane Roe"), 0.6);
  EXPECT_LT(name_similarity("Test User", "Asha Verma"), 0.6);
  EXPECT_LT(name_similarity("Rajesh Sharma", "Rajesh Iyer"), 0.85);
  EXPECT_LT(name_similarity("Rajesh", "Rajesh Kumar Sharma"), 0.85);
  EXPECT_EQ(name_similarity("", "John"), 0);
}

}  // namespace
}  // namespace authx::decision
