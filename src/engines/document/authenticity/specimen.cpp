// Numbers, names and words of published specimens.

#include <algorithm>
#include <cctype>

#include "engines/document/authenticity/check.h"
#include "engines/document/rules.h"
#include "engines/document/text.h"

namespace authx::document::authenticity {

void check_specimen(Scene& scene, std::vector<Finding>& out);

namespace {

// ICAO Doc 9303 parts 4 to 6; the Netherlands' and Germany's specimens; UIDAI's test residents and the number of its samples;
// the PAN of the tax department's own examples. They are printed all over and belong to nobody.
constexpr std::string_view kNumbers[] = {
    "L898902C3",  "L898902C",     "D23145890",    "SPECI2014",    "SPECI2021",    "C01X00T47",    "C01XYCCG9",
    "T22000129",  "999941057058", "999971658847", "999933119405", "999955183433", "999990501894", "234123412346",
    "AAAPL1234C", "ABCDE1234F",   "AAAPA1234A",   "ABCPV1234D",   "ABC1234567",
};

}  // namespace

void check_specimen(Scene& scene, std::vector<Finding>& out) {
  const auto& r = *scene.in.reading;
  std::string number;
  for (const char c : r.document_number.expose()) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) number += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  const bool known_number = !number.empty() && std::ranges::find(kNumbers, number) != std::end(kNumbers);
  const Field* issuer = r.find("issuer");
  const bool utopia = issuer != nullptr && issuer->normalised == "UTO";
  bool marked = has_like(scene.in.text, "SPECIMEN");
  for (const auto& f : r.fields) {
    const std::string folded = fold_name(f.normalised);
    marked = marked || folded.find("SPECIMEN") != std::string::npos || folded.find("MUSTERMANN ERIKA") != std::string::npos ||
             folded.find("ERIKA MUSTERMANN") != std::string::npos;
  }
  const std::string why = known_number ? "The number is that of a published specimen"
                          : utopia     ? "The issuing state is Utopia, which issues specimens only"
                                       : "The document says that it is a specimen";
  out.push_back(judged("not_a_specimen", CheckKind::authenticity, !known_number && !utopia && !marked,
                       "The document is no published specimen", why, scene.in.allow_specimens ? Weight::note : Weight::refuse));
  out.back().limits = "Only well-known specimens are listed";
}

}  // namespace authx::document::authenticity
