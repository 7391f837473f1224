#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "engines/accuracy/rates.h"

namespace authx::accuracy {

struct Curve {
  std::string name;
  std::vector<std::pair<double, double>> points;
};
enum class Scale { linear, logarithmic };
struct Axis {
  std::string name;
  double low = 0, high = 1;
  Scale scale = Scale::linear;
};
/// A line plot as one SVG element; text is escaped, points outside the axes are left out.
std::string svg_plot(std::span<const Curve> curves, const Axis& x, const Axis& y);

struct Table {
  std::string title;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};

/// One page that needs nothing else: facts, tables, plots. Everything is escaped.
struct Page {
  std::string title;
  std::vector<std::pair<std::string, std::string>> facts;
  std::vector<Table> tables;
  std::vector<std::pair<std::string, std::string>> plots;  ///< caption, SVG of svg_plot
};
std::string to_html(const Page& page);
std::string to_text(const Page& page);

/// What the laboratory says of a set of scores, for people (`page`) and programs (`json`).
struct Report {
  Page page;
  json::object json;
};

/// EER, FNMR at false-match rates 1e-1 .. 1e-6 as far as five false matches support them, rates of each group at the
/// pooled threshold of FMR 1e-3 (or the lowest that is supported), DET, ROC and the score distributions. Intervals: the
/// subject bootstrap where subjects are known, there are at most 200,000 scores and at least one error, else Wilson's.
/// `impostors` adds scores of different subjects that no list holds. Both kinds of scores must be there.
Report verification_report(std::string title, std::span<const Score> scores, std::span<const double> impostors = {});

/// APCER by instrument and BPCER at `threshold`, and BPCER where the worst APCER is at most 5 % and 10 %.
Report pad_report(std::string title, std::span<const PadScore> scores, double threshold);

}  // namespace authx::accuracy
