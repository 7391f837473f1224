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

enum class Next : std::uint8_t { anything, same, other };  ///< what may follow

/// A way to have come to a step.
struct Node {
  std::size_t of = 0;
  Next next = Next::anything;
  bool repeated = false;
  float certainty = 0;
  float score = 0;
  std::int32_t before = -1;  ///< index of the node of the step before
};

/// All nodes of all steps; of each step only the best for each pair of class and what may follow.
class Lattice {
 public:
  Lattice(const Model& model, const Probabilities& p, const std::vector<bool>& allowed) : model_(model), p_(p), allowed_(allowed) {
    nodes_.reserve(p.steps * 8);
    for (std::size_t t = 0; t < p.steps; ++t) step(t);
  }

  std::vector<Node> path() const {
    std::int32_t at = -1;
    for (auto i = first_; i < nodes_.size(); ++i) {
      if (nodes_[i].next != Next::same && (at < 0 || nodes_[i].score > nodes_[static_cast<std::size_t>(at)].score))
        at = static_cast<std::int32_t>(i);
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
    std::vector<std::size_t> classes{best[0], best[1]};
    if (std::ranges::find(classes, model_.nothing) == classes.end()) classes.push_back(model_.nothing);
    go_on(t, from, to, classes, best[0], best[1]);
    if (t == 0 || leads_on()) return;
    go_on(t, from, to, {best.begin() + 2, best.begin() + static_cast<std::ptrdiff_t>(count)}, best[0], best[1]);
    if (leads_on()) return;
    classes.clear();
    for (std::size_t c = 0; c < p.size(); ++c) classes.push_back(c);
    go_on(t, from, to, classes, best[0], best[1]);
  }

  bool leads_on() const {
    return std::any_of(nodes_.begin() + static_cast<std::ptrdiff_t>(first_), nodes_.end(),
                       [](const Node& n) { return n.next == Next::anything; });
  }

  void go_on(std::size_t t, std::size_t from, std::size_t to, const std::vector<std::size_t>& classes, std::size_t top,
             std::size_t second) {
    if (t == 0) {
      begin(t, classes, -1, top, second);
      return;
    }
    const auto p = p_.at(t);
    for (std::size_t i = from; i < to; ++i) {
      const Node before = nodes_[i];
      const auto at = static_cast<std::int32_t>(i);
      if (std::ranges::find(classes, before.of) != classes.end()) {
        if (before.next != Next::other) offer({before.of, Next::anything, true, certainty(p[before.of]), before.score, at});
        if (before.next == Next::anything && before.of != model_.nothing)
          offer({before.of, Next::other, true, certainty(p[before.of] + p[model_.nothing]), before.score, at});
      }
      if (before.next != Next::same) begin(t, classes, at, top, second);
    }
  }

  /// Characters and nothing, begun after `before`.
  void begin(std::size_t t, const std::vector<std::size_t>& classes, std::int32_t before, std::size_t top, std::size_t second) {
    const auto p = p_.at(t);
    const Node last = before >= 0 ? nodes_[static_cast<std::size_t>(before)] : Node{};
    for (const std::size_t c : classes) {
      if (!may_be(c) || (before >= 0 && last.of == c)) continue;
      const float sure = certainty(p[c]);
      if (sure < kLeastCertainty && c != model_.nothing) continue;
      offer({c, Next::anything, false, sure, last.score, before});
      if (c == model_.nothing) continue;
      float shared = p[c] + p[model_.nothing];
      const bool both = (last.of == top && c == second) || (last.of == second && c == top);
      if (before >= 0 && last.next == Next::anything && last.of != model_.nothing && both) shared += p[last.of];
      offer({c, Next::same, false, certainty(shared), last.score, before});
    }
  }

  void offer(Node node) {
    node.score += node.certainty;
    for (std::size_t i = first_; i < nodes_.size(); ++i) {
      if (nodes_[i].of == node.of && nodes_[i].next == node.next) {
        if (node.score > nodes_[i].score) nodes_[i] = node;
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
};

}  // namespace

std::vector<Letter> best_path(const Model& model, const Probabilities& probabilities, const std::vector<bool>& allowed) {
  std::vector<Letter> out;
  if (probabilities.steps == 0) return out;
  const auto path = Lattice{model, probabilities, allowed}.path();
  const bool spaces = !model.texts.empty();
  for (std::size_t t = 0; t < path.size();) {
    double least = 0;
    for (; t < path.size() && path[t].of == model.nothing; ++t) least = std::min<double>(least, path[t].certainty);
    if (t == path.size()) {
      if (!out.empty()) out.back().certainty = std::min(out.back().certainty, least);
      break;
    }
    Letter letter{path[t].of, t, t, least};
    if (spaces && model.texts[letter.of] == " " && !out.empty()) {
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
