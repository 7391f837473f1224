#pragma once

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <vector>

#include "app/cli.h"
#include "base/json.h"

namespace authx::app {

/// Searches a gallery of template files and prints the hits, best first. `search` gives elements with `index` (into `names`) and `match`;
/// `line` says one match in words, `entry` as JSON.
template <class Search, class Line, class Entry>
void report_search(Cli& cli, const std::vector<std::string>& names, std::size_t unreadable, Search search, Line line, Entry entry) {
  const auto started = std::chrono::steady_clock::now();
  const auto found = search();
  const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
  std::string human = fmt::format("{} of {} templates match ({} files unreadable), {:.2f} ms", found.size(), names.size(), unreadable, ms);
  json::array list;
  for (const auto& f : found) {
    human += fmt::format("\n  {}  {}, FMR {:.2g}", names[f.index], line(f.match), f.match.fmr);
    json::object hit = entry(f.match);
    hit["file"] = names[f.index];
    list.push_back(std::move(hit));
  }
  cli.exit = found.empty() ? Exit::negative : Exit::ok;
  cli.print(human, {{"found", list}, {"searched", names.size()}, {"unreadable", unreadable}, {"milliseconds", ms}});
}

}  // namespace authx::app
