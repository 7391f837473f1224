#include "engines/specimen/people.h"

#include <fmt/format.h>

namespace authx::specimen {
namespace {

struct Pair {
  std::string_view latin;
  std::string_view local;
};

constexpr Pair kMen[] = {{"Aditya", "आदित्य"}, {"Arjun", "अर्जुन"},    {"Deepak", "दीपक"}, {"Farhan", "फरहान"},   {"Gopal", "गोपाल"},
                         {"Harish", "हरीश"},  {"Imran", "इमरान"},   {"Joseph", "जोसेफ"}, {"Karthik", "कार्तिक"}, {"Manoj", "मनोज"},
                         {"Naveen", "नवीन"},  {"Prakash", "प्रकाश"}, {"Rahul", "राहुल"},  {"Sanjay", "संजय"},     {"Tarun", "तरुण"},
                         {"Umesh", "उमेश"},    {"Vikram", "विक्रम"},  {"Yusuf", "यूसुफ"}};
constexpr Pair kWomen[] = {{"Ananya", "अनन्या"}, {"Bhavna", "भावना"}, {"Divya", "दिव्या"},  {"Fatima", "फातिमा"}, {"Geeta", "गीता"},
                           {"Ishita", "इशिता"}, {"Jaya", "जया"},     {"Kavita", "कविता"}, {"Lakshmi", "लक्ष्मी"}, {"Meera", "मीरा"},
                           {"Nisha", "निशा"},   {"Pooja", "पूजा"},    {"Radha", "राधा"},   {"Sunita", "सुनीता"},  {"Tanvi", "तन्वी"},
                           {"Usha", "उषा"},     {"Vidya", "विद्या"},  {"Zara", "ज़ारा"}};
constexpr Pair kFamilies[] = {
    {"Agarwal", "अग्रवाल"}, {"Bose", "बोस"},  {"Chauhan", "चौहान"}, {"Das", "दास"},         {"Fernandes", "फर्नांडिस"}, {"Gupta", "गुप्ता"},
    {"Hussain", "हुसैन"},    {"Iyer", "अय्यर"}, {"Joshi", "जोशी"},    {"Kulkarni", "कुलकर्णी"}, {"Malhotra", "मल्होत्रा"},  {"Nair", "नायर"},
    {"Patel", "पटेल"},      {"Rao", "राव"},   {"Sharma", "शर्मा"},   {"Thakur", "ठाकुर"},     {"Verma", "वर्मा"},        {"Yadav", "यादव"}};

struct Foreign {
  std::string_view issuer;
  std::string_view man;
  std::string_view woman;
  std::string_view family;
  std::string_view place;
};
constexpr Foreign kForeign[] = {{"FRA", "Julien", "Camille", "Moreau", "Lyon"},      {"D", "Jonas", "Hannah", "Vogel", "Dresden"},
                                {"KEN", "Kamau", "Wanjiru", "Otieno", "Kisumu"},     {"BRA", "Thiago", "Larissa", "Barbosa", "Recife"},
                                {"JPN", "Haruto", "Yui", "Nakamura", "Sendai"},      {"CAN", "Owen", "Claire", "Tremblay", "Halifax"},
                                {"NLD", "Daan", "Sanne", "de Vries", "Utrecht"},     {"POL", "Marek", "Zofia", "Nowak", "Gdansk"},
                                {"UTO", "Erik", "Anna Maria", "Stensson", "Zenith"}, {"NZL", "Tane", "Aroha", "Walker", "Napier"}};

constexpr std::string_view kStreets[] = {"Banyan Lane", "Temple Road", "Station Road", "Lake View Street",
                                         "2nd Cross",   "Mill Road",   "Gandhi Marg",  "Park Street"};
constexpr std::string_view kAreas[] = {"Shanti Nagar", "Model Town", "Green Park", "Ashok Colony", "Rose Garden", "Civil Lines"};
struct Town {
  std::string_view town;
  std::string_view state;
  int pin;
};
constexpr Town kTowns[] = {{"Pune", "Maharashtra", 411},   {"Jaipur", "Rajasthan", 302},      {"Kochi", "Kerala", 682},
                           {"Mysuru", "Karnataka", 570},   {"Indore", "Madhya Pradesh", 452}, {"Patna", "Bihar", 800},
                           {"Surat", "Gujarat", 395},      {"Salem", "Tamil Nadu", 636},      {"Lucknow", "Uttar Pradesh", 226},
                           {"Nagpur", "Maharashtra", 440}, {"Guwahati", "Assam", 781}};
constexpr std::string_view kStates[] = {"MH", "KA", "TN", "DL", "UP", "GJ", "KL", "RJ", "WB", "AS"};

}  // namespace

Person random_indian(Dice& dice) {
  Person p;
  p.male = dice.chance(0.5);
  const Pair& given = p.male ? dice.pick(kMen) : dice.pick(kWomen);
  const Pair& family = dice.pick(kFamilies);
  p.given = given.latin;
  p.surname = family.latin;
  p.name_local = fmt::format("{} {}", given.local, family.local);
  p.father = fmt::format("{} {}", dice.pick(kMen).latin, family.latin);
  p.issuer = "IND";
  p.birth_place = dice.pick(kTowns).town;
  return p;
}

Person random_foreigner(Dice& dice) {
  const Foreign& f = dice.pick(kForeign);
  Person p;
  p.male = dice.chance(0.5);
  p.given = p.male ? f.man : f.woman;
  p.surname = f.family;
  p.father = fmt::format("{} {}", f.man, f.family);
  p.issuer = f.issuer;
  p.birth_place = f.place;
  return p;
}

std::string random_address(Dice& dice) {
  const Town& t = dice.pick(kTowns);
  return fmt::format("{} {}, {}, {}, {} - {}{:03}", dice.between(1, 240), dice.pick(kStreets), dice.pick(kAreas), t.town, t.state, t.pin,
                     dice.between(1, 120));
}

std::string_view random_state_code(Dice& dice) { return dice.pick(kStates); }

Date random_date(Dice& dice, Date from, Date to) {
  const auto a = std::chrono::sys_days{from};
  const auto b = std::chrono::sys_days{to};
  if (b <= a) return from;
  return Date{a + std::chrono::days{static_cast<int>(dice.raw() % static_cast<std::uint64_t>((b - a).count()))}};
}

}  // namespace authx::specimen
