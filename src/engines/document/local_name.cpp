#include "engines/document/local_name.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "engines/document/ocr.h"

namespace authx::document {
namespace {

constexpr double kSoundsRight = 0.75;    ///< like the Latin name: no other script needs to be tried
constexpr double kLeastWithSound = 0.4;  ///< confidence that is enough with such a sound
constexpr double kFaintStroke = 0.8;     ///< a headline that may be none
constexpr double kSoundsLikely = 0.5;    ///< less is another script, or no name

/// A script's block in Unicode and Tesseract's names of the languages written in it.
struct Script {
  char32_t from;
  char32_t to;
  std::array<std::string_view, 2> languages;
  bool headline;  ///< letters hang from a stroke
};

constexpr Script kScripts[] = {{0x0900, 0x097F, {"hin", "mar"}, true}, {0x0980, 0x09FF, {"ben", "asm"}, true},
                               {0x0A00, 0x0A7F, {"pan", ""}, true},    {0x0A80, 0x0AFF, {"guj", ""}, false},
                               {0x0B00, 0x0B7F, {"ori", ""}, false},   {0x0B80, 0x0BFF, {"tam", ""}, false},
                               {0x0C00, 0x0C7F, {"tel", ""}, false},   {0x0C80, 0x0CFF, {"kan", ""}, false},
                               {0x0D00, 0x0D7F, {"mal", ""}, false},   {0x0600, 0x06FF, {"urd", ""}, false}};

/// States whose documents are printed in a script of their own beside English, and the first code point of that script's block.
constexpr std::pair<std::string_view, char32_t> kRegions[] = {{"West Bengal", 0x0980},      {"Tripura", 0x0980},    {"Assam", 0x0980},
                                                              {"Punjab", 0x0A00},           {"Gujarat", 0x0A80},    {"Odisha", 0x0B00},
                                                              {"Tamil Nadu", 0x0B80},       {"Puducherry", 0x0B80}, {"Telangana", 0x0C00},
                                                              {"Andhra Pradesh", 0x0C00},   {"Karnataka", 0x0C80},  {"Kerala", 0x0D00},
                                                              {"Jammu and Kashmir", 0x0600}};

/// The scripts in the order they are tried: the one of the state that the page names, then those that hang from a stroke as the line
/// does, then the others.
std::vector<const Script*> by_likelihood(const Page& page, bool hangs) {
  char32_t region = 0;
  for (const auto& row : page.rows) {
    const std::string text = row.text();
    for (const auto& [state, script] : kRegions) {
      if (region == 0 && has_like(text, state)) region = script;
    }
  }
  std::vector<const Script*> out;
  for (const auto& s : kScripts) out.push_back(&s);
  std::ranges::sort(out, {}, [&](const Script* s) { return std::pair{s->headline != hangs ? 2 : s->from == region ? 0 : 1, s}; });
  return out;
}

std::vector<char32_t> code_points(std::string_view text) {
  std::vector<char32_t> out;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const std::size_t length = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    if (i + length > text.size()) break;
    char32_t p = length == 1 ? c : length == 2 ? c & 0x1FU : length == 3 ? c & 0x0FU : c & 0x07U;
    for (std::size_t k = 1; k < length; ++k) p = (p << 6U) | (static_cast<unsigned char>(text[i + k]) & 0x3FU);
    out.push_back(p);
    i += length;
  }
  return out;
}

/// The Indian blocks are laid out alike (after ISCII), each of 128 code points.
constexpr char32_t kFirstIndian = 0x0900;
constexpr char32_t kLastIndian = 0x0D7F;
bool indian(char32_t p) { return p >= kFirstIndian && p <= kLastIndian; }
char32_t as_devanagari(char32_t p) { return indian(p) ? kFirstIndian + (p & 0x7FU) : p; }

bool is_digit_or_stop(char32_t p) {
  const char32_t d = as_devanagari(p);
  return d >= 0x0964 && d <= 0x096F;
}

void append(std::string& out, char32_t p) {
  const auto byte = [&](char32_t v) { out += static_cast<char>(static_cast<unsigned char>(v)); };
  if (p < 0x80) {
    byte(p);
  } else if (p < 0x800) {
    byte(0xC0U | p >> 6U);
    byte(0x80U | (p & 0x3FU));
  } else {
    byte(0xE0U | p >> 12U);
    byte(0x80U | (p >> 6U & 0x3FU));
    byte(0x80U | (p & 0x3FU));
  }
}

/// Malayalam's letter without a vowel at a word's end, or R before another consonant, has a sign of its own since Unicode 5.1 (The
/// Unicode Standard, 12.9), and a subjoined Y in Odia is the letter YYA (12.5); the OCR's models spell the older way.
std::string in_modern_spelling(const std::string& text) {
  constexpr std::pair<char32_t, char32_t> kChillus[] = {
      {0x0D23, 0x0D7A}, {0x0D28, 0x0D7B}, {0x0D30, 0x0D7C}, {0x0D32, 0x0D7D}, {0x0D33, 0x0D7E}};
  constexpr char32_t kVirama = 0x0D4D;
  const auto points = code_points(text);
  std::string out;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto* const chillu = std::ranges::find(kChillus, points[i], &std::pair<char32_t, char32_t>::first);
    const bool silent = chillu != std::end(kChillus) && i + 1 < points.size() && points[i + 1] == kVirama;
    const char32_t after = silent && i + 2 < points.size() ? points[i + 2] : U' ';
    const bool joiner = after == 0x200C || after == 0x200D;
    const bool other_consonant = after >= 0x0D15 && after <= 0x0D39 && after != 0x0D2F;
    if (silent && (after == U' ' || joiner || (points[i] == 0x0D30 && other_consonant))) {
      append(out, chillu->second);
      i += joiner ? 2 : 1;
    } else if (points[i] == 0x0B2F && i > 0 && points[i - 1] == 0x0B4D) {
      append(out, 0x0B5F);
    } else {
      append(out, points[i]);
    }
  }
  return out;
}

bool of(const Script& s, char32_t p) { return p >= s.from && p <= s.to; }

struct Spelled {
  std::string text;
  double confidence = 0;
  double sound = 0;    ///< how it sounds like the Latin name
  double letters = 0;  ///< of the script
  double all = 0;      ///< of any script, in the words after a label
  imaging::Box box;
};

/// The words of a line that are written in the script; what follows a label's colon when there is one.
Spelled words_in(const std::vector<Word>& words, const Script& script) {
  Spelled out;
  double sum = 0;
  double weight = 0;
  for (const auto& w : words) {
    const auto points = code_points(w.text);
    const auto n = std::ranges::count_if(points, [&](char32_t p) { return of(script, p) && !is_digit_or_stop(p); });
    const bool colon = w.text == ":" || w.text.ends_with(':') || w.text == ":-";
    if (colon) {
      out = {};
      sum = weight = 0;
      continue;
    }
    out.all +=
        static_cast<double>(std::ranges::count_if(points, [](char32_t p) { return p >= 0x80 || std::isalnum(static_cast<int>(p)) != 0; }));
    if (n < 2 || 10 * static_cast<std::size_t>(n) < 7 * points.size()) continue;
    std::string kept;
    std::size_t at = 0;
    for (const char32_t p : points) {
      const std::size_t length = p < 0x80 ? 1 : p < 0x800 ? 2 : p < 0x10000 ? 3 : 4;
      if (of(script, p) || p == 0x200C || p == 0x200D) kept += w.text.substr(at, length);
      at += length;
    }
    out.text += (out.text.empty() ? "" : " ") + kept;
    out.box = join(out.box, w.box);
    sum += w.confidence * static_cast<double>(n);
    weight += static_cast<double>(n);
  }
  out.confidence = weight > 0 ? sum / weight : 0;
  out.letters = weight;
  return out;
}

/// A letter of Urdu, which writes consonants and long vowels; empty for other characters.
std::string_view of_urdu(const std::vector<char32_t>& points, std::size_t at) {
  constexpr std::pair<char32_t, std::string_view> kLetters[] = {
      {0x0622, "a"}, {0x0627, "a"},  {0x0628, "b"}, {0x067E, "p"},  {0x062A, "t"}, {0x0679, "t"},  {0x062B, "s"},
      {0x062C, "j"}, {0x0686, "ch"}, {0x062D, "h"}, {0x062E, "kh"}, {0x062F, "d"}, {0x0688, "d"},  {0x0630, "z"},
      {0x0631, "r"}, {0x0691, "r"},  {0x0632, "z"}, {0x0698, "zh"}, {0x0633, "s"}, {0x0634, "sh"}, {0x0635, "s"},
      {0x0636, "z"}, {0x0637, "t"},  {0x0638, "z"}, {0x063A, "gh"}, {0x0641, "f"}, {0x0642, "q"},  {0x06A9, "k"},
      {0x0643, "k"}, {0x06AF, "g"},  {0x0644, "l"}, {0x0645, "m"},  {0x0646, "n"}, {0x06BA, "n"},  {0x06C1, "h"},
      {0x06BE, "h"}, {0x0647, "h"},  {0x06CC, "i"}, {0x064A, "i"},  {0x06D2, "e"}, {0x0626, "i"},  {0x0624, "o"}};
  const char32_t p = points[at];
  if (p == 0x0648) {  // V where a syllable begins
    const bool first = at == 0 || points[at - 1] == ' ';
    const bool before_vowel = at + 1 < points.size() && (points[at + 1] == 0x0627 || points[at + 1] == 0x06CC);
    return first || before_vowel ? "v" : "o";
  }
  const auto* const it = std::ranges::find(kLetters, p, &std::pair<char32_t, std::string_view>::first);
  return it == std::end(kLetters) ? std::string_view{} : it->second;
}

}  // namespace

std::optional<Field> read_local_name(const Page& page, std::string_view latin, const imaging::Box& name, const Deadline& deadline) {
  if (page.gray == nullptr || name.empty()) return std::nullopt;
  // The nearest line above that begins near the name's left edge and is about as large.
  const TextLine* line = nullptr;
  for (const auto& l : page.lines) {
    const int above = name.y + name.height / 2 - (l.box.y + l.box.height / 2);
    if (above < name.height * 3 / 4 || above > 4 * name.height) continue;
    if (l.box.height < name.height / 2 || l.box.height > 3 * name.height) continue;
    if (l.box.x > name.x + name.width || l.box.x + l.box.width < name.x || std::abs(l.box.x - name.x) > 12 * name.height) continue;
    if (line == nullptr || l.box.y > line->box.y) line = &l;
  }
  if (line == nullptr) return std::nullopt;
  // Parts of one line that a wide gap divided.
  imaging::Box box = line->box;
  for (const auto& l : page.lines) {
    const int overlap = std::min(l.box.y + l.box.height, box.y + box.height) - std::max(l.box.y, box.y);
    if (2 * overlap > std::min(l.box.height, box.height) && l.box.height < 2 * name.height && l.box.x >= box.x &&
        l.box.x < box.x + box.width + 3 * box.height)
      box = join(box, l.box);
  }
  // What came out as sure Latin is no name in another script.
  for (const auto& row : page.rows) {
    for (const auto& w : row.words) {
      const int x = w.box.x + w.box.width / 2;
      const int y = w.box.y + w.box.height / 2;
      const bool here = x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height;
      if (here && w.confidence > 0.85 && w.text.size() >= 4 &&
          std::ranges::all_of(w.text, [](unsigned char c) { return std::isalpha(c) != 0; }))
        return std::nullopt;
    }
  }
  const bool hangs = line->headline >= 0.6;
  // Marks above and below the letters stand outside the line's own height; the Latin line below must stay outside the picture.
  const int room = box.height * 3 / 10;
  const int top = std::max(0, box.y - box.height);
  const imaging::Image above = imaging::crop(*page.gray, {0, top, page.gray->width, std::max(box.y + box.height, name.y - 1) - top});
  const imaging::Box tight{box.x, box.y - top, box.width, box.height};
  const imaging::Box loose{tight.x, tight.y - room, tight.width, tight.height + 2 * room};
  Spelled best;
  const Script* best_script = nullptr;
  for (const Script* script : by_likelihood(page, hangs)) {
    if (best_script != nullptr && best.sound >= kSoundsRight && best.confidence >= kLeastWithSound) {
      // Gujarati is Devanagari without the stroke, and is read as such where the stroke is in doubt.
      if (best_script != &kScripts[0] || line->headline >= kFaintStroke) break;
      if (script->from != 0x0A80) continue;
    }
    for (const auto language : script->languages) {
      if (language.empty() || (best_script == script && best.sound >= kSoundsRight)) continue;
      const imaging::Box& first = script->headline ? tight : loose;
      const imaging::Box& second = script->headline ? loose : tight;
      for (const auto* where : {&first, &second}) {
        const auto words = ocr_line(above, *where, deadline, false, where == &loose ? 60 : 40, {}, std::string{language});
        if (!words) {
          if (words.error().code == Errc::request_timeout) return std::nullopt;
          break;  // that language is not installed
        }
        auto spelled = words_in(*words, *script);
        spelled.text = in_modern_spelling(spelled.text);
        spelled.sound = sounds_alike(romanise(spelled.text), latin);
        const bool better =
            std::min(spelled.sound, kSoundsRight) * spelled.confidence > std::min(best.sound, kSoundsRight) * best.confidence;
        if (!spelled.text.empty() && spelled.letters >= 3 && spelled.letters >= 0.75 * spelled.all &&
            (better || (best_script == script && spelled.sound > best.sound + 0.05))) {
          best = std::move(spelled);
          best_script = script;
        }
        if (best_script == script ? best.sound > 0.9 : spelled.sound < 0.3) break;
      }
    }
  }
  // Print of another script gives a few doubtful letters in any: no guess then.
  if (best_script == nullptr || best.sound < kSoundsLikely) return std::nullopt;
  if (best.confidence < (best.sound >= kSoundsRight ? kLeastWithSound : 0.6)) return std::nullopt;
  best.box.y += top;
  // A name takes about as much room in both scripts.
  if (best.box.width * 3 < name.width || best.box.width > 2.5 * name.width) return std::nullopt;
  Field f;
  f.name = "name_local";
  f.value = best.text;
  f.normalised = romanise(best.text);
  f.confidence = best.confidence;
  f.box = best.box;
  return f;
}

std::string romanise(std::string_view indian_text) {
  static constexpr std::array<std::string_view, 37> kConsonants{"k",  "kh", "g", "gh", "n", "ch", "chh", "j",  "jh", "n",  "t", "th", "d",
                                                                "dh", "n",  "t", "th", "d", "dh", "n",   "n",  "p",  "ph", "b", "bh", "m",
                                                                "y",  "r",  "r", "l",  "l", "l",  "v",   "sh", "sh", "s",  "h"};
  const auto vowel = [](char32_t p) -> std::string_view {
    switch (p) {
      case 0x0905: return "a";
      case 0x0906:
      case 0x093E: return "a";
      case 0x0907:
      case 0x093F: return "i";
      case 0x0908:
      case 0x0940: return "i";
      case 0x0909:
      case 0x0941: return "u";
      case 0x090A:
      case 0x0942: return "u";
      case 0x090B:
      case 0x0943: return "ri";
      case 0x090F:
      case 0x0947: return "e";
      case 0x0910:
      case 0x0948: return "ai";
      case 0x0913:
      case 0x094B: return "o";
      case 0x0914:
      case 0x094C: return "au";
      case 0x0911:
      case 0x0912:  // short, in the south
      case 0x0949:
      case 0x094A: return "o";
      case 0x090E:
      case 0x0946: return "e";
      default: return {};
    }
  };
  const auto consonant = [](char32_t p) { return p >= 0x0915 && p <= 0x0939; };
  std::vector<char32_t> points;
  for (const char32_t p : code_points(indian_text)) {
    if (p == 0x200C || p == 0x200D) continue;
    constexpr char32_t kChillus[] = {0x0923, 0x0928, 0x0930, 0x0932, 0x0933, 0x0915};
    if (p >= 0x0D7A && p <= 0x0D7F) {  // Malayalam's letters without a vowel
      points.push_back(kChillus[p - 0x0D7A]);
      points.push_back(0x094D);
    } else if (p == 0x0A70) {  // Gurmukhi's tippi
      points.push_back(0x0902);
    } else if (p != 0x0A71) {  // and its addak, which doubles a letter
      points.push_back(as_devanagari(p));
    }
  }
  std::string out;
  bool start = true;
  int vowels = 0;  ///< in this word so far
  const auto put = [&](std::string_view text) {
    for (const char c : text) {
      out += start ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
      start = false;
    }
  };
  for (std::size_t i = 0; i < points.size(); ++i) {
    const char32_t p = points[i];
    if (const auto urdu = of_urdu(points, i); !urdu.empty()) {
      put(urdu);
    } else if (p == 0x095F) {  // a Y with a dot, in Bengali and Odia
      put("y");
      const char32_t follows = i + 1 < points.size() ? points[i + 1] : U' ';
      if (follows == 0x094D) ++i;
    } else if (p == ' ') {
      out += ' ';
      start = true;
      vowels = 0;
    } else if (consonant(p)) {
      std::string_view letter = kConsonants[p - 0x0915];
      std::size_t next = i + 1;
      if (next < points.size() && points[next] == 0x093C) {  // a dot below
        if (p == 0x091C) letter = "z";
        if (p == 0x092B) letter = "f";
        ++next;
        ++i;
      }
      put(letter);
      const char32_t follows = next < points.size() ? points[next] : U' ';
      if (follows == 0x094D) {
        ++i;
      } else if (vowel(follows).empty() || (follows >= 0x0904 && follows <= 0x0914)) {
        // The inherent vowel is silent at a word's end, and between two consonants when a vowel precedes and follows.
        const bool last = follows == U' ' || next >= points.size();
        const bool before = vowels > 0;
        const bool open_after =
            consonant(follows) && next + 1 < points.size() && !vowel(points[next + 1]).empty() && points[next + 1] >= 0x093E;
        if (!last && !(before && open_after)) {
          put("a");
          ++vowels;
        } else if (last && vowels == 0) {
          put("a");
        }
      }
    } else if (p == 0x0902 || p == 0x0901) {
      const char32_t follows = i + 1 < points.size() ? points[i + 1] : U' ';
      put(follows >= 0x092A && follows <= 0x092E ? "m" : "n");
    } else if (const auto v = vowel(p); !v.empty()) {
      put(v);
      ++vowels;
    }
  }
  return out;
}

double sounds_alike(std::string_view a, std::string_view b) {
  const auto skeleton = [](std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      char c = static_cast<char>(std::tolower(static_cast<unsigned char>(text[i])));
      if (std::isalpha(static_cast<unsigned char>(c)) == 0 || std::string_view{"aeiouhy"}.find(c) != std::string_view::npos) continue;
      const bool soft = c == 'c' && i + 1 < text.size() && (text[i + 1] == 'h' || text[i + 1] == 'H');
      // What one script writes as two letters another writes as one: Tamil has no voiced letters, Bengali no V, many no Z or F.
      if (c == 'z' || c == 'j' || soft) c = 's';
      if (c == 'q' || c == 'c' || c == 'g') c = 'k';
      if (c == 'w' || c == 'v' || c == 'b' || c == 'f') c = 'p';
      if (c == 'd') c = 't';
      if (out.empty() || out.back() != c) out += c;
    }
    return out;
  };
  const std::string x = skeleton(a);
  const std::string y = skeleton(b);
  if (x.empty() || y.empty()) return 0;
  std::vector<std::size_t> row(y.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < x.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 1; j <= y.size(); ++j) {
      const std::size_t keep = row[j];
      row[j] = std::min({diagonal + (x[i] == y[j - 1] ? 0U : 1U), row[j] + 1, row[j - 1] + 1});
      diagonal = keep;
    }
  }
  return 1 - static_cast<double>(row[y.size()]) / static_cast<double>(std::max(x.size(), y.size()));
}

}  // namespace authx::document
