#include "engines/specimen/counterfeit.h"

#include <algorithm>
#include <array>
#include <string>

#include "engines/document/aadhaar.h"
#include "engines/document/authenticity/offices.h"
#include "engines/document/mrz.h"
#include "engines/document/rules.h"

namespace authx::specimen {
namespace {

using std::chrono::years;

struct Named {
  Counterfeit what;
  std::string_view name;
};
constexpr std::array kNames{
    Named{Counterfeit::check_digit, "check_digit"},
    Named{Counterfeit::zone_digit, "zone_digit"},
    Named{Counterfeit::other_number, "other_number"},
    Named{Counterfeit::other_name, "other_name"},
    Named{Counterfeit::other_birth, "other_birth"},
    Named{Counterfeit::other_expiry, "other_expiry"},
    Named{Counterfeit::expired, "expired"},
    Named{Counterfeit::future_issue, "future_issue"},
    Named{Counterfeit::long_validity, "long_validity"},
    Named{Counterfeit::young_holder, "young_holder"},
    Named{Counterfeit::wrong_state, "wrong_state"},
    Named{Counterfeit::wrong_office, "wrong_office"},
    Named{Counterfeit::wrong_year, "wrong_year"},
    Named{Counterfeit::wrong_holder, "wrong_holder"},
    Named{Counterfeit::specimen_number, "specimen_number"},
    Named{Counterfeit::moved_values, "moved_values"},
};

Date moved(Date d, int by) {
  Date out{d.year() + years{by}, d.month(), d.day()};
  if (!out.ok()) out = Date{out.year(), out.month(), std::chrono::day{28}};
  return out;
}

/// Another digit at a random one of `places`.
void change_digit(std::string& text, std::size_t from, std::size_t to, Dice& dice) {
  const auto at = from + static_cast<std::size_t>(dice.between(0, static_cast<int>(to - from) - 1));
  text[at] = text[at] >= '0' && text[at] <= '9' ? static_cast<char>('0' + (text[at] - '0' + dice.between(1, 9)) % 10) : '7';
}

void write_zone(const Person& person, Truth& t) {
  if (t.kind != Kind::passport) return;
  t.mrz = document::compose_td3({.issuer = person.issuer,
                                 .surname = person.surname,
                                 .given_names = person.given,
                                 .document_number = t.number,
                                 .nationality = person.issuer,
                                 .birth = t.dob,
                                 .sex = t.gender[0],
                                 .expiry = *t.expiry_date,
                                 .optional = {}});
}

bool aadhaar(Kind k) { return k == Kind::aadhaar || k == Kind::aadhaar_back || k == Kind::aadhaar_pvc || k == Kind::aadhaar_letter; }

/// A state's code that no state has, or an office far beyond its last.
void change_office(bool state, Dice& dice, Truth& t) {
  if (state) {
    do {
      t.number[0] = dice.letter();
      t.number[1] = dice.letter();
    } while (document::known_indian_state(std::string_view{t.number}.substr(0, 2)));
    return;
  }
  while (document::authenticity::offices_of(std::string_view{t.number}.substr(0, 2)).last > 80) {
    const auto other = random_state_code(dice);
    t.number.replace(0, 2, other);
  }
  t.number.replace(2, 2,
                   std::to_string(dice.between(document::authenticity::offices_of(std::string_view{t.number}.substr(0, 2)).last + 10, 98)));
}

}  // namespace

std::string_view to_string(Counterfeit what) noexcept {
  const auto* at = std::ranges::find(kNames, what, &Named::what);
  return at == kNames.end() ? std::string_view{} : at->name;
}

std::optional<Counterfeit> parse_counterfeit(std::string_view text) {
  const auto* at = std::ranges::find(kNames, text, &Named::name);
  return at == kNames.end() ? std::nullopt : std::optional{at->what};
}

std::vector<Counterfeit> all_counterfeits() {
  std::vector<Counterfeit> out;
  for (const auto& n : kNames) out.push_back(n.what);
  return out;
}

bool fits(Counterfeit what, Kind kind) noexcept {
  switch (what) {
    case Counterfeit::check_digit: return kind == Kind::passport || kind == Kind::aadhaar;
    case Counterfeit::zone_digit:
    case Counterfeit::other_number:
    case Counterfeit::other_name:
    case Counterfeit::other_birth:
    case Counterfeit::other_expiry: return kind == Kind::passport;
    case Counterfeit::expired:
    case Counterfeit::future_issue:
    case Counterfeit::long_validity: return kind == Kind::passport || kind == Kind::driving_license;
    case Counterfeit::young_holder:
    case Counterfeit::wrong_state:
    case Counterfeit::wrong_office:
    case Counterfeit::wrong_year: return kind == Kind::driving_license;
    case Counterfeit::wrong_holder: return kind == Kind::pan;
    case Counterfeit::specimen_number: return kind == Kind::passport || kind == Kind::pan || kind == Kind::aadhaar;
    case Counterfeit::moved_values:
      return kind == Kind::aadhaar || kind == Kind::pan || kind == Kind::passport || kind == Kind::driving_license;
  }
  return false;
}

Result<> falsify(Counterfeit what, Date today, Dice& dice, Person& person, Truth& t) {
  if (!fits(what, t.kind)) return Error::invalid("counterfeit", "is nothing that this kind of document can carry");
  switch (what) {
    case Counterfeit::check_digit:
      if (aadhaar(t.kind)) {
        change_digit(t.number, 11, 12, dice);
      } else {
        change_digit(t.mrz[1], 9, 10, dice);
      }
      break;
    case Counterfeit::zone_digit: {
      // A digit of the number, of the birth or of the expiry; the check digits stay.
      constexpr std::pair<std::size_t, std::size_t> fields[] = {{2, 8}, {14, 15}, {18, 19}, {22, 23}};
      const auto [from, to] = dice.pick(fields);
      change_digit(t.mrz[1], from, to, dice);
      break;
    }
    case Counterfeit::other_number: change_digit(t.number, 2, t.number.size(), dice); break;
    case Counterfeit::other_name: {
      const std::string before = person.surname;
      while (person.surname == before) person.surname = random_indian(dice).surname;
      break;
    }
    case Counterfeit::other_birth: t.dob = moved(t.dob, dice.chance(0.5) ? dice.between(1, 9) : -dice.between(1, 9)); break;
    case Counterfeit::other_expiry: t.expiry_date = moved(*t.expiry_date, dice.between(1, 4)); break;
    case Counterfeit::expired: {
      const int by = dice.between(1, 9) + static_cast<int>(t.expiry_date->year()) - static_cast<int>(today.year());
      t.issue_date = moved(*t.issue_date, -by);
      t.expiry_date = moved(*t.expiry_date, -by);
      if (t.kind == Kind::driving_license) t.number.replace(4, 4, std::to_string(static_cast<int>(t.issue_date->year())));
      t.dob = moved(t.dob, -by);
      write_zone(person, t);
      break;
    }
    case Counterfeit::future_issue:
      t.issue_date = moved(today, dice.between(1, 3));
      t.expiry_date = moved(*t.issue_date, t.kind == Kind::driving_license ? 20 : 10);
      write_zone(person, t);
      break;
    case Counterfeit::long_validity:
      t.expiry_date = moved(*t.expiry_date, dice.between(2, 8));
      write_zone(person, t);
      break;
    case Counterfeit::young_holder: t.dob = moved(*t.issue_date, -dice.between(8, 14)); break;
    case Counterfeit::wrong_state:
    case Counterfeit::wrong_office: change_office(what == Counterfeit::wrong_state, dice, t); break;
    case Counterfeit::wrong_year:
      t.number.replace(4, 4, std::to_string(static_cast<int>(t.issue_date->year()) + dice.between(1, 4)));
      break;
    case Counterfeit::wrong_holder: {
      constexpr char kinds[] = {'C', 'H', 'F', 'T'};
      t.number[3] = dice.pick(kinds);
      break;
    }
    case Counterfeit::specimen_number: {
      constexpr std::string_view passports[] = {"L898902C3", "SPECI2014", "SPECI2021", "C01X00T47"};
      constexpr std::string_view pans[] = {"AAAPL1234C", "ABCPV1234D", "AAAPA1234A"};
      constexpr std::string_view residents[] = {"999941057058", "999971658847", "999933119405", "999955183433"};
      t.number = t.kind == Kind::passport ? dice.pick(passports) : t.kind == Kind::pan ? dice.pick(pans) : dice.pick(residents);
      write_zone(person, t);
      break;
    }
    case Counterfeit::moved_values: break;
  }
  return {};
}

void exchange_values(imaging::Image& card, Truth& truth, Dice& dice) {
  // The number and another value in lines of their own.
  const auto number = std::ranges::find(truth.values, "document_number", &Placed::field);
  std::vector<Placed*> others;
  for (auto& v : truth.values) {
    if (v.field != "dob" && v.field != "name" && v.field != "given_names") continue;
    if (number != truth.values.end() && std::abs(v.box.y - number->box.y) > 2 * v.box.height) others.push_back(&v);
  }
  if (number == truth.values.end() || others.empty()) return;
  Placed& other = *others[static_cast<std::size_t>(dice.between(0, static_cast<int>(others.size()) - 1))];
  const auto grown = [&](const imaging::Box& b) {
    imaging::Box out{b.x - 4, b.y - b.height / 3, b.width + 8, b.height + 2 * b.height / 3};
    out.width = std::min(out.width, card.width - std::max(0, out.x));
    out.height = std::min(out.height, card.height - std::max(0, out.y));
    out.x = std::max(0, out.x);
    out.y = std::max(0, out.y);
    return out;
  };
  const imaging::Box a = grown(number->box);
  const imaging::Box b = grown(other.box);
  const imaging::Image first = imaging::crop(card, a);
  const imaging::Image second = imaging::crop(card, b);
  const auto lay = [&](const imaging::Image& patch, const imaging::Box& cleared, int x, int y) {
    // The ground beside the old value covers it; then the other value is laid there.
    for (int row = cleared.y; row < cleared.y + cleared.height; ++row) {
      auto* p = card.row(row);
      for (int i = cleared.x * card.channels; i < (cleared.x + cleared.width) * card.channels; ++i)
        p[i] = p[std::max(0, cleared.x - 1) * card.channels + i % card.channels];
    }
    for (int row = 0; row < patch.height && y + row < card.height; ++row) {
      const int width = std::min(patch.width, card.width - x) * card.channels;
      std::copy_n(patch.row(row), width, card.row(y + row) + static_cast<std::ptrdiff_t>(x) * card.channels);
    }
  };
  lay(second, a, a.x, a.y);
  lay(first, b, b.x, b.y);
  const imaging::Box number_box = number->box;
  number->box = {b.x + 4, b.y + number_box.y - a.y, number_box.width, number_box.height};
  other.box = {a.x + 4, a.y + other.box.y - b.y, other.box.width, other.box.height};
}

}  // namespace authx::specimen
