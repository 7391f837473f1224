#include "engines/specimen/scripts.h"

#include <algorithm>
#include <array>

namespace authx::specimen {
namespace {

constexpr std::array<std::string_view, 10> kGiven{"Lakshmi", "Meera", "Kavita", "Divya",  "Radha",
                                                  "Arjun",   "Rahul", "Sanjay", "Vikram", "Gopal"};
constexpr std::size_t kWomen = 5;  // the first of kGiven
constexpr std::array<std::string_view, 8> kFamily{"Sharma", "Nair", "Rao", "Patel", "Das", "Bose", "Iyer", "Verma"};

struct Spelling {
  std::string_view script;
  std::string_view font;
  std::array<std::string_view, kGiven.size()> given;
  std::array<std::string_view, kFamily.size()> family;
};

constexpr Spelling kSpellings[] = {
    {"Deva",
     "Noto Sans Devanagari",
     {"लक्ष्मी", "मीरा", "कविता", "दिव्या", "राधा", "अर्जुन", "राहुल", "संजय", "विक्रम", "गोपाल"},
     {"शर्मा", "नायर", "राव", "पटेल", "दास", "बोस", "अय्यर", "वर्मा"}},
    {"Beng",
     "Noto Sans Bengali",
     {"লক্ষ্মী", "মীরা", "কবিতা", "দিব্যা", "রাধা", "অর্জুন", "রাহুল", "সঞ্জয়", "বিক্রম", "গোপাল"},
     {"শর্মা", "নায়ার", "রাও", "প্যাটেল", "দাস", "বসু", "আইয়ার", "ভার্মা"}},
    {"Guru",
     "Noto Sans Gurmukhi",
     {"ਲਕਸ਼ਮੀ", "ਮੀਰਾ", "ਕਵਿਤਾ", "ਦਿਵਿਆ", "ਰਾਧਾ", "ਅਰਜੁਨ", "ਰਾਹੁਲ", "ਸੰਜੇ", "ਵਿਕਰਮ", "ਗੋਪਾਲ"},
     {"ਸ਼ਰਮਾ", "ਨਾਇਰ", "ਰਾਓ", "ਪਟੇਲ", "ਦਾਸ", "ਬੋਸ", "ਅਈਅਰ", "ਵਰਮਾ"}},
    {"Gujr",
     "Noto Sans Gujarati",
     {"લક્ષ્મી", "મીરા", "કવિતા", "દિવ્યા", "રાધા", "અર્જુન", "રાહુલ", "સંજય", "વિક્રમ", "ગોપાલ"},
     {"શર્મા", "નાયર", "રાવ", "પટેલ", "દાસ", "બોઝ", "ઐયર", "વર્મા"}},
    {"Orya",
     "Noto Sans Oriya",
     {"ଲକ୍ଷ୍ମୀ", "ମୀରା", "କବିତା", "ଦିବ୍ୟା", "ରାଧା", "ଅର୍ଜୁନ", "ରାହୁଲ", "ସଞ୍ଜୟ", "ବିକ୍ରମ", "ଗୋପାଳ"},
     {"ଶର୍ମା", "ନାୟର", "ରାଓ", "ପଟେଲ", "ଦାସ", "ବୋଷ", "ଆୟର", "ବର୍ମା"}},
    {"Taml",
     "Noto Sans Tamil",
     {"லட்சுமி", "மீரா", "கவிதா", "திவ்யா", "ராதா", "அர்ஜுன்", "ராகுல்", "சஞ்சய்", "விக்ரம்", "கோபால்"},
     {"சர்மா", "நாயர்", "ராவ்", "படேல்", "தாஸ்", "போஸ்", "ஐயர்", "வர்மா"}},
    {"Telu",
     "Noto Sans Telugu",
     {"లక్ష్మి", "మీరా", "కవిత", "దివ్య", "రాధ", "అర్జున్", "రాహుల్", "సంజయ్", "విక్రమ్", "గోపాల్"},
     {"శర్మ", "నాయర్", "రావు", "పటేల్", "దాస్", "బోస్", "అయ్యర్", "వర్మ"}},
    {"Knda",
     "Noto Sans Kannada",
     {"ಲಕ್ಷ್ಮಿ", "ಮೀರಾ", "ಕವಿತಾ", "ದಿವ್ಯಾ", "ರಾಧಾ", "ಅರ್ಜುನ್", "ರಾಹುಲ್", "ಸಂಜಯ್", "ವಿಕ್ರಮ್", "ಗೋಪಾಲ್"},
     {"ಶರ್ಮಾ", "ನಾಯರ್", "ರಾವ್", "ಪಟೇಲ್", "ದಾಸ್", "ಬೋಸ್", "ಅಯ್ಯರ್", "ವರ್ಮಾ"}},
    {"Mlym",
     "Noto Sans Malayalam",
     {"ലക്ഷ്മി", "മീര", "കവിത", "ദിവ്യ", "രാധ", "അർജുൻ", "രാഹുൽ", "സഞ്ജയ്", "വിക്രം", "ഗോപാൽ"},
     {"ശർമ്മ", "നായർ", "റാവു", "പട്ടേൽ", "ദാസ്", "ബോസ്", "അയ്യർ", "വർമ്മ"}},
    {"Aran",
     "Noto Nastaliq Urdu",
     {"لکشمی", "میرا", "کویتا", "دیویا", "رادھا", "ارجن", "راہل", "سنجے", "وکرم", "گوپال"},
     {"شرما", "نائر", "راؤ", "پٹیل", "داس", "بوس", "ائیر", "ورما"}},
};

const Spelling* spelling_of(std::string_view script) {
  const auto* const it = std::ranges::find(kSpellings, script, &Spelling::script);
  return it == std::end(kSpellings) ? nullptr : it;
}

}  // namespace

std::vector<std::string_view> all_scripts() {
  std::vector<std::string_view> out;
  for (const auto& s : kSpellings) out.push_back(s.script);
  return out;
}

std::string_view font_of_script(std::string_view script) noexcept {
  const auto* const s = spelling_of(script);
  return s == nullptr ? std::string_view{} : s->font;
}

bool rename_in_script(Person& person, std::string_view script, Dice& dice) {
  const auto* const s = spelling_of(script);
  if (s == nullptr) return false;
  const auto given = static_cast<std::size_t>(dice.between(0, static_cast<int>(kGiven.size()) - 1));
  const auto family = static_cast<std::size_t>(dice.between(0, static_cast<int>(kFamily.size()) - 1));
  person.given = kGiven[given];
  person.surname = kFamily[family];
  person.male = given >= kWomen;
  person.name_local = std::string{s->given[given]} + " " + std::string{s->family[family]};
  return true;
}

}  // namespace authx::specimen
