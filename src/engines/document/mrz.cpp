#include "engines/document/mrz.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engines/document/mrz_layout.h"

namespace authx::document {
namespace {

using namespace std::string_view_literals;

using Span = MrzSpan;

constexpr MrzLayout kTd1{.name = {2, 0, 30},
                         .given_names = {},
                         .number = {0, 5, 14},
                         .number_check = {0, 14, 15},
                         .nationality = {1, 15, 18},
                         .birth = {1, 0, 6},
                         .birth_check = {1, 6, 7},
                         .sex = {1, 7, 8},
                         .expiry = {1, 8, 14},
                         .expiry_check = {1, 14, 15},
                         .optional1 = {0, 15, 30},
                         .optional1_check = {},
                         .optional2 = {1, 18, 29},
                         .composite_check = {1, 29, 30},
                         .composite = {{{0, 5, 30}, {1, 0, 7}, {1, 8, 15}, {1, 18, 29}}}};

constexpr MrzLayout two_lines(int length, bool optional_check, int optional_end, bool composite) {
  MrzLayout l{};
  l.name = {0, 5, length};
  l.number = {1, 0, 9};
  l.number_check = {1, 9, 10};
  l.nationality = {1, 10, 13};
  l.birth = {1, 13, 19};
  l.birth_check = {1, 19, 20};
  l.sex = {1, 20, 21};
  l.expiry = {1, 21, 27};
  l.expiry_check = {1, 27, 28};
  l.optional1 = {1, 28, optional_end};
  if (optional_check) l.optional1_check = {1, optional_end, optional_end + 1};
  if (composite) {
    l.composite_check = {1, length - 1, length};
    l.composite = {{{1, 0, 10}, {1, 13, 20}, {1, 21, length - 1}, {}}};
  }
  return l;
}

constexpr MrzLayout kTd2 = two_lines(36, false, 35, true);
constexpr MrzLayout kTd3 = two_lines(44, true, 42, true);
constexpr MrzLayout kMrvA = two_lines(44, false, 44, false);
constexpr MrzLayout kMrvB = two_lines(36, false, 36, false);

constexpr MrzLayout kFrenchId{.name = {0, 5, 30},
                              .given_names = {1, 13, 27},
                              .number = {1, 0, 12},
                              .number_check = {1, 12, 13},
                              .nationality = {},
                              .birth = {1, 27, 33},
                              .birth_check = {1, 33, 34},
                              .sex = {1, 34, 35},
                              .expiry = {},
                              .expiry_check = {},
                              .optional1 = {0, 30, 36},
                              .optional1_check = {},
                              .optional2 = {},
                              .composite_check = {1, 35, 36},
                              .composite = {{{0, 0, 36}, {1, 0, 35}, {}, {}}}};

std::string cut(const std::vector<std::string>& lines, const Span& s) {
  if (s.empty()) return {};
  return lines[static_cast<std::size_t>(s.line)].substr(static_cast<std::size_t>(s.from), static_cast<std::size_t>(s.to - s.from));
}

bool in_alphabet(char c) noexcept { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '<'; }

std::string strip_fillers(std::string text) {
  while (!text.empty() && text.back() == '<') text.pop_back();
  return text;
}

std::string spaced(std::string text) {
  text = strip_fillers(std::move(text));
  std::ranges::replace(text, '<', ' ');
  const auto both_spaces = [](char a, char b) { return a == ' ' && b == ' '; };
  text.erase(std::unique(text.begin(), text.end(), both_spaces), text.end());
  const auto first = text.find_first_not_of(' ');
  return first == std::string::npos ? std::string{} : text.substr(first);
}

std::string fold(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == ' ' || c == '\t' || c == '\r') continue;
    if (c == '|') {
      out += '\n';
    } else if (c >= 'a' && c <= 'z') {
      out += static_cast<char>(c - 'a' + 'A');
    } else if (c == 0xEF && i + 2 < text.size()) {
      // Full-width forms U+FF01..U+FF5E stand 0xFEE0 above ASCII.
      const auto c1 = static_cast<unsigned char>(text[i + 1]);
      const auto c2 = static_cast<unsigned char>(text[i + 2]);
      const int code = ((c & 0x0F) << 12) | ((c1 & 0x3F) << 6) | (c2 & 0x3F);
      const int ascii = code - 0xFEE0;
      if (ascii < 0x21 || ascii > 0x7E) {
        out += '?';
      } else {
        out += static_cast<char>(ascii >= 'a' && ascii <= 'z' ? ascii - 'a' + 'A' : ascii);
      }
      i += 2;
    } else {
      out += static_cast<char>(c);
    }
  }
  return out;
}

Result<std::vector<std::string>> split_lines(std::string_view text) {
  const std::string folded = fold(text.substr(0, 1024));
  std::vector<std::string> lines;
  std::size_t at = 0;
  while (at <= folded.size()) {
    const auto end = std::min(folded.find('\n', at), folded.size());
    if (end > at) lines.push_back(folded.substr(at, end - at));
    at = end + 1;
  }
  if (lines.size() == 1) {
    const auto whole = lines[0];
    const std::size_t n = whole.size() == 88 ? 44 : whole.size() == 72 ? 36 : whole.size() == 90 ? 30 : 0;
    if (n != 0) {
      lines.clear();
      for (std::size_t i = 0; i < whole.size(); i += n) lines.push_back(whole.substr(i, n));
    }
  }
  for (const auto& line : lines) {
    if (!std::ranges::all_of(line, in_alphabet)) return Error::invalid("mrz", "holds a character other than A-Z, 0-9 and <");
  }
  return lines;
}

std::optional<MrzFormat> format_of(const std::vector<std::string>& lines) {
  const auto all = [&](std::size_t n) { return std::ranges::all_of(lines, [n](const auto& l) { return l.size() == n; }); };
  if (lines.size() == 3 && all(30)) return MrzFormat::td1;
  if (lines.size() != 2) return std::nullopt;
  const bool visa = lines[0][0] == 'V';
  if (all(44)) return visa ? MrzFormat::mrv_a : MrzFormat::td3;
  if (all(36)) return visa ? MrzFormat::mrv_b : MrzFormat::td2;
  return std::nullopt;
}

std::optional<Date> date_from(std::string_view yymmdd, int century) {
  for (const char c : yymmdd) {
    if (c < '0' || c > '9') return std::nullopt;
  }
  const auto two = [&](std::size_t i) { return (yymmdd[i] - '0') * 10 + (yymmdd[i + 1] - '0'); };
  const Date d{std::chrono::year{century + two(0)}, std::chrono::month{static_cast<unsigned>(two(2))},
               std::chrono::day{static_cast<unsigned>(two(4))}};
  if (!d.ok()) return std::nullopt;
  return d;
}

std::optional<Date> birth_from(std::string_view text, Date today) {
  const int century = static_cast<int>(today.year()) / 100 * 100;
  const auto latest = date_from(text, century);
  if (latest && *latest <= today) return latest;
  return date_from(text, century - 100);
}

std::optional<Date> expiry_from(std::string_view text) {
  // No document of these layouts was issued before 1970.
  const bool old = text.size() == 6 && text[0] >= '7' && text[0] <= '9';
  return date_from(text, old ? 1900 : 2000);
}

Mrz read_fields(MrzFormat format, std::vector<std::string> lines, Date today) {
  Mrz m;
  m.format = format;
  m.lines = std::move(lines);
  const MrzLayout& l = mrz_layout(format);
  m.document_code = strip_fillers(m.lines[0].substr(0, 2));
  m.issuer = strip_fillers(m.lines[0].substr(2, 3));
  m.nationality = l.nationality.empty() ? m.issuer : strip_fillers(cut(m.lines, l.nationality));
  m.issuer_known = known_issuer(m.issuer);
  m.nationality_known = known_issuer(m.nationality);

  const std::string name = cut(m.lines, l.name);
  m.name_truncated = name.back() != '<';
  const auto gap = name.find("<<");
  m.surname = spaced(name.substr(0, gap));
  if (gap != std::string::npos) m.given_names = spaced(name.substr(gap + 2));
  if (!l.given_names.empty()) m.given_names = spaced(cut(m.lines, l.given_names));

  const auto add = [&](std::string id, std::string_view data, char found, bool filler_is_zero) {
    MrzCheck c;
    c.id = std::move(id);
    c.found = found;
    c.expected = mrz_check_digit(data);
    const bool blank = data.find_first_not_of('<') == std::string_view::npos;
    c.passed = found == c.expected || (filler_is_zero && blank && found == '<');
    m.checks.push_back(std::move(c));
  };

  std::string number = cut(m.lines, l.number);
  char number_check = cut(m.lines, l.number_check)[0];
  m.optional1 = strip_fillers(cut(m.lines, l.optional1));
  // A number longer than nine characters runs on in the optional field, its check digit last (9303-5, 4.2.2.2 and 9303-6).
  const bool may_run_on = format == MrzFormat::td1 || format == MrzFormat::td2;
  if (may_run_on && number_check == '<' && !m.optional1.empty() && m.optional1[0] != '<' && number.find('<') == std::string::npos) {
    const auto end = std::min(m.optional1.find('<'), m.optional1.size());
    const std::string rest = m.optional1.substr(0, end);
    number += rest.substr(0, rest.size() - 1);
    number_check = rest.back();
    m.optional1 = end < m.optional1.size() ? m.optional1.substr(end + 1) : std::string{};
  }
  add("document_number", number, number_check, true);
  m.document_number = strip_fillers(number);

  m.birth_text = cut(m.lines, l.birth);
  add("birth", m.birth_text, cut(m.lines, l.birth_check)[0], true);
  m.birth = birth_from(m.birth_text, today);
  if (!l.expiry.empty()) {
    m.expiry_text = cut(m.lines, l.expiry);
    add("expiry", m.expiry_text, cut(m.lines, l.expiry_check)[0], true);
    m.expiry = expiry_from(m.expiry_text);
  }
  const char sex = cut(m.lines, l.sex)[0];
  m.sex = sex == 'M' || sex == 'F' ? sex : 'X';
  if (!l.optional1_check.empty()) add("optional", cut(m.lines, l.optional1), cut(m.lines, l.optional1_check)[0], true);
  m.optional2 = strip_fillers(cut(m.lines, l.optional2));
  if (!l.composite_check.empty()) {
    std::string all;
    for (const Span& s : l.composite) all += cut(m.lines, s);
    add("composite", all, cut(m.lines, l.composite_check)[0], false);
  }
  return m;
}

char to_letter(char c) noexcept {
  switch (c) {
    case '0': return 'O';
    case '1': return 'I';
    case '2': return 'Z';
    case '5': return 'S';
    case '6': return 'G';
    case '8': return 'B';
    default: return c;
  }
}

char to_digit(char c) noexcept {
  switch (c) {
    case 'O':
    case 'Q':
    case 'D': return '0';
    case 'I':
    case 'L': return '1';
    case 'Z': return '2';
    case 'S': return '5';
    case 'B': return '8';
    case 'G': return '6';
    default: return c;
  }
}

/// Characters that OCR takes for one another.
std::string_view look_alikes(char c) noexcept {
  switch (c) {
    case '0': return "ODQ"sv;
    case 'O': return "0DQ"sv;
    case 'D': return "0O"sv;
    case 'Q': return "0O"sv;
    case '1': return "IL"sv;
    case 'I': return "1L"sv;
    case 'L': return "1I"sv;
    case '2': return "Z"sv;
    case 'Z': return "2"sv;
    case '5': return "S"sv;
    case 'S': return "5"sv;
    case '8': return "B"sv;
    case 'B': return "8"sv;
    case '6': return "G"sv;
    case 'G': return "6"sv;
    case '4': return "A"sv;
    case 'A': return "4"sv;
    default: return ""sv;
  }
}

/// Every text that differs from `text` by exactly `changes` (1 or 2) look-alikes.
std::vector<std::string> variants(const std::string& text, int changes) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char a : look_alikes(text[i])) {
      std::string one = text;
      one[i] = a;
      if (changes == 1) {
        out.push_back(one);
        continue;
      }
      for (std::size_t j = i + 1; j < text.size(); ++j) {
        for (const char b : look_alikes(text[j])) {
          std::string two = one;
          two[j] = b;
          out.push_back(std::move(two));
        }
      }
    }
  }
  return out;
}

bool composite_passed(const Mrz& m) {
  const auto* c = m.check("composite");
  return c == nullptr || c->passed;
}

/// Trailing fillers that were taken for the letters that a worn `<` resembles.
void mend_name_tail(std::string& name) {
  constexpr std::string_view kResemble = "KCXEL";
  std::size_t end = name.size();
  while (end > 0 && name[end - 1] == '<') --end;
  std::size_t from = end;
  while (from > 0 && kResemble.find(name[from - 1]) != std::string_view::npos) --from;
  const bool after_filler = from > 0 && name[from - 1] == '<';
  // One such letter may be an initial; a run of three or more without a vowel after a filler is no name.
  if (after_filler && end - from >= 3 && name.find_first_of("AIOUY", from) == std::string::npos) {
    std::fill(name.begin() + static_cast<std::ptrdiff_t>(from), name.end(), '<');
  }
}

Result<Mrz> parse_lines(std::vector<std::string> lines, Date today) {
  const auto format = format_of(lines);
  if (!format) return Error::invalid("mrz", "is not 3 lines of 30, 2 of 36 or 2 of 44 characters");
  Mrz m = read_fields(*format, lines, today);
  if (*format == MrzFormat::td2 && lines[0].starts_with("IDFRA")) {
    // France's card has the same shape and opening: the check digits tell.
    Mrz french = read_fields(MrzFormat::french_id, std::move(lines), today);
    const auto share = [](const Mrz& z) {
      return static_cast<double>(std::ranges::count_if(z.checks, &MrzCheck::passed)) / static_cast<double>(z.checks.size());
    };
    if (share(french) > share(m)) return french;
  }
  return m;
}

}  // namespace

const MrzLayout& mrz_layout(MrzFormat format) noexcept {
  switch (format) {
    case MrzFormat::td1: return kTd1;
    case MrzFormat::td2: return kTd2;
    case MrzFormat::td3: return kTd3;
    case MrzFormat::mrv_a: return kMrvA;
    case MrzFormat::mrv_b: return kMrvB;
    case MrzFormat::french_id: return kFrenchId;
  }
  return kTd3;
}

std::string_view to_string(MrzFormat format) noexcept {
  switch (format) {
    case MrzFormat::td1: return "TD1";
    case MrzFormat::td2: return "TD2";
    case MrzFormat::td3: return "TD3";
    case MrzFormat::mrv_a: return "MRV-A";
    case MrzFormat::mrv_b: return "MRV-B";
    case MrzFormat::french_id: return "FRA-ID";
  }
  return "";
}

int mrz_line_count(MrzFormat format) noexcept { return format == MrzFormat::td1 ? 3 : 2; }

int mrz_line_length(MrzFormat format) noexcept {
  return format == MrzFormat::td1 ? 30 : format == MrzFormat::td3 || format == MrzFormat::mrv_a ? 44 : 36;
}

char mrz_check_digit(std::string_view text) noexcept {
  constexpr std::array<int, 3> weights{7, 3, 1};
  int sum = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!in_alphabet(c)) return '\0';
    const int value = c == '<' ? 0 : c <= '9' ? c - '0' : c - 'A' + 10;
    sum += value * weights[i % 3];
  }
  return static_cast<char>('0' + sum % 10);
}

MrzSlot mrz_slot(MrzFormat format, int line, int column) noexcept {
  const MrzLayout& l = mrz_layout(format);
  const auto in = [&](const Span& s) { return s.holds(line, column); };
  if (in(l.number_check) || in(l.birth_check) || in(l.expiry_check) || in(l.optional1_check) || in(l.composite_check))
    return MrzSlot::check;
  if (in(l.sex)) return MrzSlot::sex;
  if (in(l.birth) || in(l.expiry)) return MrzSlot::digit;
  if (in(l.name) || in(l.given_names) || in(l.nationality) || (line == 0 && column < 5)) return MrzSlot::letter;
  return MrzSlot::any;
}

bool Mrz::checks_passed() const noexcept {
  if (!std::ranges::all_of(checks, &MrzCheck::passed)) return false;
  const auto possible = [](const std::string& text, const std::optional<Date>& date) {
    return date.has_value() || text.empty() || text.find('<') != std::string::npos;
  };
  return possible(birth_text, birth) && possible(expiry_text, expiry);
}

const MrzCheck* Mrz::check(std::string_view id) const {
  const auto it = std::ranges::find(checks, id, &MrzCheck::id);
  return it == checks.end() ? nullptr : &*it;
}

Result<Mrz> parse_mrz(std::string_view text, Date today) {
  AX_TRY(auto lines, split_lines(text));
  return parse_lines(std::move(lines), today);
}

Result<Mrz> repair_mrz(std::string_view text, Date today) {
  AX_TRY(auto lines, split_lines(text));
  const std::vector<std::string> original = lines;
  AX_TRY(const auto plain, parse_lines(lines, today));
  const MrzFormat format = plain.format;
  const MrzLayout& l = mrz_layout(format);

  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (std::size_t j = 0; j < lines[i].size(); ++j) {
      switch (mrz_slot(format, static_cast<int>(i), static_cast<int>(j))) {
        case MrzSlot::letter: lines[i][j] = to_letter(lines[i][j]); break;
        case MrzSlot::digit:
        case MrzSlot::check: lines[i][j] = to_digit(lines[i][j]); break;
        default: break;
      }
    }
  }
  {
    auto& line = lines[static_cast<std::size_t>(l.name.line)];
    std::string name = cut(lines, l.name);
    mend_name_tail(name);
    line.replace(static_cast<std::size_t>(l.name.from), name.size(), name);
  }

  Mrz best = read_fields(format, lines, today);
  const auto mend = [&](const Span& span, std::string_view id) {
    const auto* check = best.check(id);
    if (span.empty() || check == nullptr || check->passed) return;
    auto& line = lines[static_cast<std::size_t>(span.line)];
    const std::string before = line;
    const std::string text = cut(lines, span);
    for (const int changes : {1, 2}) {
      std::optional<Mrz> found;
      bool several = false;
      for (const auto& candidate : variants(text, changes)) {
        line.replace(static_cast<std::size_t>(span.from), candidate.size(), candidate);
        Mrz tried = read_fields(format, lines, today);
        if (!tried.check(id)->passed || !composite_passed(tried)) continue;
        several = found.has_value();
        if (several) break;
        found = std::move(tried);
      }
      line = before;
      if (several) return;
      if (found) {
        lines = found->lines;
        best = *std::move(found);
        return;
      }
    }
  };
  mend(l.number, "document_number");
  if (!l.optional1_check.empty()) mend(l.optional1, "optional");
  best.corrected = best.lines != original;
  return best;
}

bool known_issuer(std::string_view code) noexcept {
  // Three letters each, sorted: ISO 3166-1 alpha-3, then found by binary search with ICAO's additions among them.
  static constexpr std::string_view kCodes =
      "ABWAFGAGOAIAALAALBANDAREARGARMASMATAATFATGAUSAUTAZEBDIBELBENBESBFABGDBGRBHRBHSBIHBLMBLRBLZBMUBOLBRABRBBRNBTNBVTBWACAFCANCCKCHECHLCHN"
      "CIVCMR"
      "CODCOGCOKCOLCOMCPVCRICUBCUWCXRCYMCYPCZEDEUDJIDMADNKDOMDZAECUEGYERIESHESPESTETHEUEFINFJIFLKFRAFROFSMGABGBDGBNGBOGBPGBRGBSGEOGGYGHAGIB"
      "GINGLPGMBGNBGNQ"
      "GRCGRDGRLGTMGUFGUMGUYHKGHMDHNDHRVHTIHUNIAOIDNIMNINDIOTIRLIRNIRQISLISRITAJAMJEYJORJPNKAZKENKGZKHMKIRKNAKORKWTLAOLBNLBRLBYLCALIELKALSO"
      "LTULUXLVA"
      "MACMAFMARMCOMDAMDGMDVMEXMHLMKDMLIMLTMMRMNEMNGMNPMOZMRTMSRMTQMUSMWIMYSMYTNAMNCLNERNFKNGANICNIUNLDNORNPLNRUNZLOMNPAKPANPCNPERPHLPLWPNG"
      "POLPRIPRKPRT"
      "PRYPSEPYFQATREURKSROURUSRWASAUSDNSENSGPSGSSHNSJMSLBSLESLVSMRSOMSPMSRBSSDSTPSURSVKSVNSWESWZSXMSYCSYRTCATCDTGOTHATJKTKLTKMTLSTONTTOTUN"
      "TURTUVTWN"
      "TZAUGAUKRUMIUNAUNKUNOURYUSAUTOUZBVATVCTVENVGBVIRVNMVUTWLFWSMXBAXCCXCEXCOXCTXDCXECXESXIMXMPXMSXOMXPOXXAXXBXXCXXXYEMZAFZMBZWE";
  if (code == "D") return true;
  if (code.size() != 3) return false;
  std::size_t low = 0;
  std::size_t high = kCodes.size() / 3;
  while (low < high) {
    const std::size_t mid = (low + high) / 2;
    const auto at = kCodes.substr(mid * 3, 3);
    if (at == code) return true;
    if (at < code) {
      low = mid + 1;
    } else {
      high = mid;
    }
  }
  return false;
}

std::vector<std::string> compose_td3(const MrzContent& c) {
  const auto fit = [](std::string_view text, std::size_t n) {
    std::string out;
    for (const char ch : text.substr(0, n)) {
      const char up = ch >= 'a' && ch <= 'z' ? static_cast<char>(ch - 'a' + 'A') : ch;
      out += in_alphabet(up) ? up : '<';
    }
    out.resize(n, '<');
    return out;
  };
  const auto date = [](Date d) {
    return fmt::format("{:02}{:02}{:02}", static_cast<int>(d.year()) % 100, static_cast<unsigned>(d.month()),
                       static_cast<unsigned>(d.day()));
  };
  const std::string name = c.surname.empty() ? c.given_names : c.given_names.empty() ? c.surname : c.surname + "<<" + c.given_names;
  std::string first = "P<" + fit(c.issuer, 3) + fit(name, 39);
  std::string second = fit(c.document_number, 9);
  second += mrz_check_digit(second);
  second += fit(c.nationality, 3);
  const auto checked = [&](const std::string& text) { return text + mrz_check_digit(text); };
  second += checked(date(c.birth));
  second += c.sex == 'M' || c.sex == 'F' ? c.sex : '<';
  second += checked(date(c.expiry));
  second += checked(fit(c.optional, 14));
  second += mrz_check_digit(second.substr(0, 10) + second.substr(13, 7) + second.substr(21, 22));
  return {std::move(first), std::move(second)};
}

}  // namespace authx::document
