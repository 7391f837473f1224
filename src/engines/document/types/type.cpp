#include "engines/document/types/type.h"

#include <algorithm>
#include <cctype>

namespace authx::document {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

char as_digit(char c) {
  switch (c) {
    case 'O':
    case 'o':
    case 'Q':
    case 'D': return '0';
    case 'I':
    case 'l':
    case 'i':
    case '|': return '1';
    case 'Z':
    case 'z': return '2';
    case 'A': return '4';
    case 'S':
    case 's': return '5';
    case 'G': return '6';
    case 'B': return '8';
    default: return c;
  }
}

char as_letter(char c) {
  switch (c) {
    case '0': return 'O';
    case '1': return 'I';
    case '2': return 'Z';
    case '4': return 'A';
    case '5': return 'S';
    case '6': return 'G';
    case '8': return 'B';
    default: return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
}

/// Maps each character of a row's text to its word.
struct Flat {
  std::string text;
  std::vector<std::size_t> word;
};

Flat flatten(const Row& row) {
  Flat f;
  for (std::size_t w = 0; w < row.words.size(); ++w) {
    if (w != 0) {
      f.text += ' ';
      f.word.push_back(w);
    }
    for (const char c : row.words[w].text) {
      f.text += c;
      f.word.push_back(w);
    }
  }
  return f;
}

void cover(const Row& row, std::size_t from, std::size_t to, imaging::Box& box, double& confidence) {
  double sum = 0;
  int n = 0;
  for (std::size_t w = from; w <= to && w < row.words.size(); ++w) {
    box = join(box, row.words[w].box);
    sum += row.words[w].confidence;
    ++n;
  }
  confidence = n > 0 ? sum / n : 0;
}

}  // namespace

void Extraction::add(Field field) const {
  field.side = page.side;
  reading.fields.push_back(std::move(field));
}
void Extraction::passed(std::string id, std::string explanation) const {
  reading.findings.push_back({std::move(id), Outcome::passed, std::move(explanation)});
}
void Extraction::failed(std::string id, std::string explanation) const {
  reading.findings.push_back({std::move(id), Outcome::failed, std::move(explanation)});
}

std::optional<Labelled> value_of(const std::vector<Row>& rows, std::span<const std::string_view> labels) {
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const Flat f = flatten(rows[r]);
    for (const auto label : labels) {
      const Match m = find_like(f.text, label);
      if (!m.found) continue;
      std::size_t from = m.end;
      while (from < f.text.size() &&
             (f.text[from] == ' ' || f.text[from] == ':' || f.text[from] == '-' || f.text[from] == '.' || f.text[from] == ';'))
        ++from;
      if (f.text.size() > from + 1) {
        Labelled out;
        out.value = f.text.substr(from);
        cover(rows[r], f.word[from], rows[r].words.size() - 1, out.box, out.confidence);
        return out;
      }
      // The value stands below its label, beginning near the label's left edge.
      for (std::size_t below = r + 1; below < rows.size() && below <= r + 2; ++below) {
        const Row& next = rows[below];
        if (next.box.y > rows[r].box.y + 4 * rows[r].box.height) break;
        if (next.confidence() < 0.4) continue;
        return Labelled{next.text(), next.box, next.confidence()};
      }
    }
  }
  return std::nullopt;
}

std::vector<FoundDate> find_dates(const std::vector<Row>& rows) {
  std::vector<FoundDate> out;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const Flat f = flatten(rows[r]);
    const std::string& t = f.text;
    for (std::size_t i = 0; i < t.size(); ++i) {
      if (!is_digit(as_digit(t[i])) || (i > 0 && (is_digit(t[i - 1]) || t[i - 1] == '/'))) continue;
      bool taken = false;
      // dd/mm/yyyy with any of the usual separators, or a month's name between.
      for (const std::size_t length : {std::size_t{10}, std::size_t{11}}) {
        if (taken || i + length > t.size()) continue;
        std::string text = t.substr(i, length);
        if (length == 10) {
          for (const std::size_t k : {0, 1, 3, 4, 6, 7, 8, 9}) text[k] = as_digit(text[k]);
          if (text[2] != text[5] &&
              !(std::ispunct(static_cast<unsigned char>(text[2])) != 0 && std::ispunct(static_cast<unsigned char>(text[5])) != 0))
            continue;
          if (std::isalnum(static_cast<unsigned char>(text[2])) != 0) continue;
        } else if (!is_alpha(text[3]) || !is_alpha(text[4]) || !is_alpha(text[5])) {
          continue;
        }
        if (i + length < t.size() && is_digit(t[i + length])) continue;
        if (const auto d = parse_printed_date(text)) {
          FoundDate found{*d, text, {}, 0, r};
          cover(rows[r], f.word[i], f.word[i + length - 1], found.box, found.confidence);
          out.push_back(std::move(found));
          i += length - 1;
          taken = true;
        }
      }
    }
  }
  return out;
}

std::optional<FoundDate> date_of_label(const std::vector<Row>& rows, std::span<const std::string_view> labels) {
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const Flat f = flatten(rows[r]);
    for (const auto label : labels) {
      const Match m = find_like(f.text, label);
      if (!m.found) continue;
      std::vector<Row> rest;
      Row tail = rows[r];
      const std::size_t word = m.end < f.word.size() ? f.word[m.end] : tail.words.size();
      imaging::Box label_box;
      for (std::size_t w = 0; w < std::min(word, tail.words.size()); ++w) label_box = tail.words[w].box;
      if (m.end < f.text.size()) {
        // The label's last word may carry the value: "DOB:28/03/1971".
        tail.words.erase(tail.words.begin(), tail.words.begin() + static_cast<std::ptrdiff_t>(word));
        if (auto dates = find_dates({tail}); !dates.empty()) {
          dates.front().row = r;
          return dates.front();
        }
      }
      for (std::size_t below = r + 1; below < rows.size() && below <= r + 2; ++below) {
        auto dates = find_dates({rows[below]});
        if (dates.empty()) continue;
        // Of several dates below, the one under the label.
        std::ranges::sort(dates, {}, [&](const FoundDate& d) { return std::abs(d.box.x - label_box.x); });
        dates.front().row = below;
        return dates.front();
      }
    }
  }
  return std::nullopt;
}

std::optional<Labelled> find_gender(const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    for (const auto& word : row.words) {
      std::string text;
      for (const char c : word.text) {
        if (is_alpha(c)) text += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      }
      const auto ends = [&](std::string_view w) { return text.size() >= w.size() && text.ends_with(w) && text.size() <= w.size() + 2; };
      if (ends("FEMALE")) return Labelled{"F", word.box, word.confidence};
      if (ends("MALE")) return Labelled{"M", word.box, word.confidence};
      if (ends("TRANSGENDER")) return Labelled{"X", word.box, word.confidence};
    }
  }
  return std::nullopt;
}

std::string clean_name(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto flush = [&] {
    if (!word.empty()) words.push_back(word);
    word.clear();
  };
  for (const char c : text) {
    if (is_alpha(c) || c == '\'' || c == '.' || c == '-') {
      word += c;
    } else if (c == ' ') {
      flush();
    } else {
      word += '\x01';
    }
  }
  flush();
  const auto good = [](const std::string& w) {
    return w.find('\x01') == std::string::npos && is_alpha(w[0]) && (w.size() > 1 || std::isupper(static_cast<unsigned char>(w[0])) != 0);
  };
  std::size_t first = 0;
  while (first < words.size() && !good(words[first])) ++first;
  std::string out;
  for (std::size_t i = first; i < words.size() && good(words[i]); ++i) {
    std::string w = words[i];
    while (!w.empty() && (w.back() == '-' || w.back() == '\'')) w.pop_back();
    // Sans-serif I and l look the same; a name's word does not begin with a small l.
    if (w.size() > 1 && w[0] == 'l') w[0] = 'I';
    if (!out.empty()) out += ' ';
    out += w;
  }
  return out.size() < 3 ? std::string{} : out;
}

namespace {

/// `text` with look-alikes exchanged so that it fits; returns how many were, or -1 when it can't fit.
int fit_pattern(std::string_view text, std::string_view pattern, std::string& mended) {
  mended.clear();
  if (text.size() != pattern.size()) return -1;
  int changed = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i] == 'D' ? as_digit(text[i]) : as_letter(text[i]);
    if (pattern[i] == 'D' ? !is_digit(c) : (c < 'A' || c > 'Z')) return -1;
    changed += c != text[i] ? 1 : 0;
    mended += c;
  }
  return changed;
}

}  // namespace

std::optional<Labelled> find_pattern(const std::vector<Row>& rows, std::string_view pattern) {
  std::optional<Labelled> best;
  for (const auto& row : rows) {
    for (std::size_t from = 0; from < row.words.size(); ++from) {
      std::string joined;
      for (std::size_t to = from; to < row.words.size() && to < from + 4; ++to) {
        for (const char c : row.words[to].text) {
          if (std::isalnum(static_cast<unsigned char>(c)) != 0) joined += c;
        }
        if (joined.size() > pattern.size() + 1) break;
        if (joined.size() < pattern.size()) continue;
        std::string mended;
        int changed = fit_pattern(joined, pattern, mended);
        if (joined.size() > pattern.size()) {
          // A doubled letter: the one whose loss makes the rest fit as it is.
          changed = -1;
          for (std::size_t drop = 0; drop < joined.size() && changed < 0; ++drop) {
            std::string shorter = joined;
            shorter.erase(drop, 1);
            if (fit_pattern(shorter, pattern, mended) == 0) changed = 2;
          }
        }
        if (changed < 0 || changed > 3) continue;
        Labelled found{mended, {}, 0};
        cover(row, from, to, found.box, found.confidence);
        found.confidence *= 1 - 0.15 * changed;
        if (!best || found.confidence > best->confidence) best = found;
      }
    }
  }
  return best;
}

std::string mend_prose(const std::string& word) {
  std::string w = word;
  if (w.size() == 3 && w.ends_with("th") && as_digit(w[0]) != w[0]) w[0] = as_digit(w[0]);
  if (w.size() > 2 && w[0] == 'l' && std::islower(static_cast<unsigned char>(w[1])) != 0 &&
      std::string_view{"yrnmslqf"}.find(w[1]) != std::string_view::npos)
    w[0] = 'I';
  return w;
}

Field date_field(std::string name, const FoundDate& d) {
  Field f;
  f.name = std::move(name);
  f.value = d.text;
  f.normalised = format_date(d.date);
  f.confidence = d.confidence;
  f.box = d.box;
  return f;
}

Field printed_field(std::string name, const Labelled& found) {
  Field f;
  f.name = std::move(name);
  f.value = f.normalised = found.value;
  f.confidence = found.confidence;
  f.box = found.box;
  return f;
}

Field number_field(const Labelled& found, const NumberCheck& check, Reading& reading) {
  Field f = printed_field("document_number", found);
  f.normalised = check.normalised;
  f.valid = check.valid;
  f.reason = check.reason;
  reading.document_number = SecretText{check.normalised};
  reading.display_number = check.normalised;
  return f;
}

void add_number(const Extraction& out, const Labelled& found, const NumberCheck& check, std::string fine) {
  if (check.valid) {
    out.passed("number_structure", std::move(fine));
  } else {
    out.failed("number_structure", check.reason);
  }
  out.add(number_field(found, check, out.reading));
}

bool add_name(const Extraction& out, std::string name, const Labelled& found) {
  Field f = printed_field(std::move(name), found);
  f.value = f.normalised = clean_name(found.value);
  if (f.value.empty()) return false;
  out.add(std::move(f));
  return true;
}

}  // namespace authx::document
