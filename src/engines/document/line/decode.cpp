#include "engines/document/line/decode.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace authx::document::line {
namespace {

constexpr float kLeastCertainty = -20;  ///< of a logarithm
/// Taken off each step, so that a path's certainty says something even where all is sure.
constexpr float kOffset = -0.085F;

float certainty(float probability) { return (probability > std::exp(kLeastCertainty) ? std::log(probability) : kLeastCertainty) + kOffset; }

constexpr float kLeastKnown = -1.6F;    ///< of a step of a known word: a fifth
constexpr std::size_t kMostNodes = 32;  ///< of one step

enum class Next : std::uint8_t { anything, same, other };    ///< what may follow
enum class Mode : std::uint8_t { between, known, unknown };  ///< between words, in one that may be known yet, in another
enum class Piece : std::uint8_t { none, digits, letters };   ///< of a known word, which marks divide

/// A way to have come to a step.
struct Node {
  std::size_t of = 0;
  Next next = Next::anything;
  Mode mode = Mode::between;
  Piece piece = Piece::none;
  bool whole = true;                     ///< the word may end here
  std::uint32_t at = Dictionary::kRoot;  ///< in the dictionary, for letters
  bool repeated = false;
  float certainty = 0;
  float score = 0;
  std::int32_t before = -1;  ///< index of the node of the step before
};

/// All nodes of all steps; of each step only the best of those that may go on alike.
class Lattice {
 public:
  Lattice(const Model& model, const Probabilities& p, const std::vector<bool>& allowed) : model_(model), p_(p), allowed_(allowed) {
    nodes_.reserve(p.steps * 8);
    for (std::size_t t = 0; t < p.steps; ++t) step(t);
  }

  std::vector<Node> path() const {
    std::int32_t at = -1;
    for (auto i = first_; i < nodes_.size(); ++i) {
      if (nodes_[i].next == Next::same || (nodes_[i].mode == Mode::known && !nodes_[i].whole)) continue;
      if (at < 0 || nodes_[i].score > nodes_[static_cast<std::size_t>(at)].score) at = static_cast<std::int32_t>(i);
    }
    std::vector<Node> out;
    for (; at >= 0; at = nodes_[static_cast<std::size_t>(at)].before) out.push_back(nodes_[static_cast<std::size_t>(at)]);
    std::ranges::reverse(out);
    return out;
  }

 private:
  bool may_be(std::size_t c) const { return c == model_.nothing || (!model_.texts[c].empty() && (allowed_.empty() || allowed_[c])); }

  /// The two likeliest classes and nothing; then, where none of them leads on, five; then all.
  void step(std::size_t t) {
    const auto p = p_.at(t);
    std::array<std::size_t, 5> best{};
    std::size_t count = 0;
    for (std::size_t c = 0; c < p.size(); ++c) {
      std::size_t at = count;
      while (at > 0 && p[best[at - 1]] < p[c]) --at;
      if (at >= best.size()) continue;
      count = std::min(best.size(), count + 1);
      for (std::size_t i = count - 1; i > at; --i) best[i] = best[i - 1];
      best[at] = c;
    }
    const std::size_t from = first_;
    const std::size_t to = nodes_.size();
    first_ = to;
    top_ = best[0];
    second_ = best[1];
    std::vector<std::size_t> classes{top_, second_};
    if (std::ranges::find(classes, model_.nothing) == classes.end()) classes.push_back(model_.nothing);
    go_on(t, from, to, classes);
    if (t > 0 && !leads_on()) {
      go_on(t, from, to, {best.begin() + 2, best.begin() + static_cast<std::ptrdiff_t>(count)});
    }
    if (t > 0 && !leads_on()) {
      classes.clear();
      for (std::size_t c = 0; c < p.size(); ++c) classes.push_back(c);
      go_on(t, from, to, classes);
    }
    if (nodes_.size() - first_ > kMostNodes) {
      const auto begin = nodes_.begin() + static_cast<std::ptrdiff_t>(first_);
      std::ranges::nth_element(begin, begin + kMostNodes, nodes_.end(), std::greater{}, &Node::score);
      nodes_.resize(first_ + kMostNodes);
    }
  }

  bool leads_on() const {
    return std::any_of(nodes_.begin() + static_cast<std::ptrdiff_t>(first_), nodes_.end(),
                       [](const Node& n) { return n.next == Next::anything; });
  }

  void go_on(std::size_t t, std::size_t from, std::size_t to, const std::vector<std::size_t>& classes) {
    if (t == 0) {
      begin(t, classes, -1);
      return;
    }
    const auto p = p_.at(t);
    for (std::size_t i = from; i < to; ++i) {
      Node same = nodes_[i];
      const Next allowed = same.next;
      same.before = static_cast<std::int32_t>(i);
      same.repeated = true;
      if (std::ranges::find(classes, same.of) != classes.end()) {
        if (allowed != Next::other) offer(same, Next::anything, certainty(p[same.of]));
        if (allowed == Next::anything && same.of != model_.nothing) offer(same, Next::other, certainty(p[same.of] + p[model_.nothing]));
      }
      if (allowed != Next::same) begin(t, classes, same.before);
    }
  }

  /// Characters and nothing, begun after `before`.
  void begin(std::size_t t, const std::vector<std::size_t>& classes, std::int32_t before) {
    const auto p = p_.at(t);
    const Node last = before >= 0 ? nodes_[static_cast<std::size_t>(before)] : Node{};
    for (const std::size_t c : classes) {
      if (!may_be(c) || (before >= 0 && last.of == c)) continue;
      const float sure = certainty(p[c]);
      if (sure < kLeastCertainty && c != model_.nothing) continue;
      float shared = p[c] + p[model_.nothing];
      const bool both = (last.of == top_ && c == second_) || (last.of == second_ && c == top_);
      if (before >= 0 && last.next == Next::anything && last.of != model_.nothing && both) shared += p[last.of];
      Node node = last;
      node.of = c;
      node.repeated = false;
      node.before = before;
      if (c == model_.nothing) {
        offer(node, Next::anything, sure);
        continue;
      }
      const auto both_ways = [&](const Node& n) {
        offer(n, Next::anything, sure);
        offer(n, Next::same, certainty(shared));
      };
      if (Node known = node; last.mode != Mode::unknown && goes_on(known, c)) both_ways(known);
      if (model_.texts[c] == " ") {
        if (last.mode != Mode::unknown) continue;
        node.mode = Mode::between;
        node.piece = Piece::none, node.whole = true, node.at = Dictionary::kRoot;
      } else if (last.mode == Mode::known) {
        continue;  // what is no word is none from its beginning
      } else {
        node.mode = Mode::unknown;
      }
      both_ways(node);
    }
  }

  /// Whether a word that is known so far goes on with a character; `n` then says where.
  bool goes_on(Node& n, std::size_t c) const {
    const auto& text = model_.texts[c];
    if (text == " ") {
      if (!n.whole) return false;
      n.mode = Mode::between;
    } else {
      n.mode = Mode::known;
    }
    if (is_digit(text)) {
      if (n.piece == Piece::letters) return false;
      n.piece = Piece::digits;
      n.whole = true;
      return true;
    }
    if (is_letter(text)) {
      if (n.piece == Piece::digits) return false;
      const auto next = model_.words.after(n.piece == Piece::letters ? n.at : Dictionary::kRoot, model_.numbers[c]);
      if (!next) return false;
      n.piece = Piece::letters;
      n.at = next->node;
      n.whole = next->ends;
      return true;
    }
    if (!n.whole) return false;
    n.piece = Piece::none;
    n.at = Dictionary::kRoot;
    return true;
  }

  bool after_unknown(const Node& n) const { return n.before >= 0 && nodes_[static_cast<std::size_t>(n.before)].mode == Mode::unknown; }

  void offer(Node node, Next next, float sure) {
    // A word is not made known by what the picture does not show. Where only some characters may be read, what it shows may be another.
    const bool known = node.mode == Mode::known || (node.mode == Mode::between && node.of != model_.nothing && !after_unknown(node));
    if (known && sure < kLeastKnown && allowed_.empty()) return;
    node.next = next;
    node.certainty = sure;
    node.score += node.mode == Mode::unknown ? kUnknown * sure : sure;
    for (std::size_t i = first_; i < nodes_.size(); ++i) {
      Node& n = nodes_[i];
      if (n.of == node.of && n.next == node.next && n.mode == node.mode && n.piece == node.piece && n.at == node.at &&
          n.whole == node.whole) {
        if (node.score > n.score) n = node;
        return;
      }
    }
    nodes_.push_back(node);
  }

  const Model& model_;
  const Probabilities& p_;
  const std::vector<bool>& allowed_;
  std::vector<Node> nodes_;
  std::size_t first_ = 0;  ///< of the last step's nodes
  std::size_t top_ = 0;    ///< the two likeliest classes of the step
  std::size_t second_ = 0;
};

}  // namespace

std::vector<Letter> best_path(const Model& model, const Probabilities& probabilities, const std::vector<bool>& allowed) {
  std::vector<Letter> out;
  if (probabilities.steps == 0) return out;
  const auto path = Lattice{model, probabilities, allowed}.path();
  for (std::size_t t = 0; t < path.size();) {
    double least = 0;
    for (; t < path.size() && path[t].of == model.nothing; ++t) least = std::min<double>(least, path[t].certainty);
    if (t == path.size()) {
      if (!out.empty()) out.back().certainty = std::min(out.back().certainty, least);
      break;
    }
    Letter letter{path[t].of, t, t, path[t].mode == Mode::known, least};
    if (model.texts[letter.of] == " " && !out.empty()) {
      // Doubt before a space is the last character's.
      out.back().certainty = std::min(out.back().certainty, least);
      letter.certainty = 0;
    }
    do {
      letter.certainty = std::min<double>(letter.certainty, path[t].certainty);
      ++t;
    } while (t < path.size() && path[t].repeated);
    letter.to = t;
    out.push_back(letter);
  }
  return out;
}

}  // namespace authx::document::line
