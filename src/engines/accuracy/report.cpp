#include "engines/accuracy/report.h"

#include <cmath>
#include <map>

namespace authx::accuracy {
namespace {

constexpr std::array kInk{"#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df", "#57606a"};

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string percent(double share) { return fmt::format("{:.{}f} %", share * 100, share < 0.001 ? 4 : 2); }
std::string percent(Interval i) { return fmt::format("{} – {}", percent(i.low), percent(i.high)); }
std::string counted(const Rate& r) { return fmt::format("{} ({} of {})", percent(r.value), r.events, r.trials); }

json::object as_json(const Rate& r) {
  return {{"value", r.value}, {"events", r.events}, {"trials", r.trials}, {"low", r.interval.low}, {"high", r.interval.high}};
}

/// Place on an axis, 0..1; empty outside.
std::optional<double> place(const Axis& axis, double value) {
  double at = 0;
  if (axis.scale == Scale::logarithmic) {
    if (!(value > 0)) return std::nullopt;
    at = std::log(value / axis.low) / std::log(axis.high / axis.low);
  } else {
    at = (value - axis.low) / (axis.high - axis.low);
  }
  if (!(at >= 0) || !(at <= 1)) return std::nullopt;
  return at;
}

std::vector<double> ticks(const Axis& axis) {
  std::vector<double> out;
  if (axis.scale == Scale::logarithmic) {
    for (int e = static_cast<int>(std::ceil(std::log10(axis.low) - 1e-9)); std::pow(10, e) <= axis.high * 1.0001; ++e)
      out.push_back(std::pow(10, e));
  } else {
    for (int i = 0; i <= 5; ++i) out.push_back(axis.low + (axis.high - axis.low) * i / 5);
  }
  return out;
}

Curve histogram(std::string name, const std::vector<double>& sorted, double low, double high) {
  constexpr std::size_t kBins = 60;
  std::vector<std::size_t> bins(kBins);
  for (const double v : sorted) {
    const double at = (v - low) / std::max(high - low, 1e-12) * kBins;
    ++bins[static_cast<std::size_t>(std::clamp(at, 0.0, kBins - 1.0))];
  }
  Curve curve{std::move(name), {}};
  const double most = static_cast<double>(std::max<std::size_t>(*std::ranges::max_element(bins), 1));
  for (std::size_t i = 0; i < kBins; ++i) {
    curve.points.emplace_back(low + (high - low) * (static_cast<double>(i) + 0.5) / kBins, static_cast<double>(bins[i]) / most);
  }
  return curve;
}

}  // namespace

std::string svg_plot(std::span<const Curve> curves, const Axis& x, const Axis& y) {
  constexpr double left = 64, top = 12, width = 480, height = 320;
  const auto px = [&](double at) { return left + at * width; };
  const auto py = [&](double at) { return top + (1 - at) * height; };
  std::string out = R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 560 384" role="img" font-family="sans-serif" font-size="11">)";
  out += fmt::format(R"(<rect x="{}" y="{}" width="{}" height="{}" fill="none" stroke="#8c959f"/>)", left, top, width, height);
  for (const double t : ticks(x)) {
    if (const auto at = place(x, t)) {
      out += fmt::format(
          R"(<line x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}" stroke="#d8dee4"/><text x="{0:.1f}" y="{3}" text-anchor="middle">{4:.3g}</text>)",
          px(*at), top, top + height, top + height + 15, t);
    }
  }
  for (const double t : ticks(y)) {
    if (const auto at = place(y, t)) {
      out += fmt::format(
          R"(<line x1="{1}" x2="{2}" y1="{0:.1f}" y2="{0:.1f}" stroke="#d8dee4"/><text x="{3}" y="{4:.1f}" text-anchor="end">{5:.3g}</text>)",
          py(*at), left, left + width, left - 6, py(*at) + 4, t);
    }
  }
  for (std::size_t i = 0; i < curves.size(); ++i) {
    std::string line;
    for (const auto& [vx, vy] : curves[i].points) {
      const auto ax = place(x, vx), ay = place(y, vy);
      if (ax && ay) line += fmt::format("{:.1f},{:.1f} ", px(*ax), py(*ay));
    }
    const char* ink = kInk[i % kInk.size()];
    out += fmt::format(R"(<polyline points="{}" fill="none" stroke="{}" stroke-width="1.6"/>)", line, ink);
    if (!curves[i].name.empty()) {
      out += fmt::format(R"(<text x="{}" y="{}" text-anchor="end" fill="{}">{}</text>)", left + width - 8,
                         top + 16 + 14 * static_cast<double>(i), ink, escaped(curves[i].name));
    }
  }
  out += fmt::format(R"(<text x="{}" y="{}" text-anchor="middle">{}</text>)", left + width / 2, top + height + 34, escaped(x.name));
  out += fmt::format(R"svg(<text x="14" y="{0}" text-anchor="middle" transform="rotate(-90 14 {0})">{1}</text></svg>)svg", top + height / 2,
                     escaped(y.name));
  return out;
}

std::string to_html(const Page& page) {
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{0}</title>\n<style>body{{font:15px/1.5 "
      "sans-serif;max-width:60rem;margin:2rem "
      "auto;padding:0 1rem}}table{{border-collapse:collapse;margin:1rem 0}}td,th{{border:1px solid #d0d7de;padding:.25rem "
      ".6rem;text-align:left}}figure{{margin:1rem 0}}svg{{max-width:36rem;width:100%}}</style>\n<h1>{0}</h1>\n<table>\n",
      escaped(page.title));
  for (const auto& [name, value] : page.facts) out += fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", escaped(name), escaped(value));
  out += "</table>\n";
  for (const auto& table : page.tables) {
    out += fmt::format("<h2>{}</h2>\n<table><tr>", escaped(table.title));
    for (const auto& column : table.columns) out += fmt::format("<th>{}</th>", escaped(column));
    out += "</tr>\n";
    for (const auto& row : table.rows) {
      out += "<tr>";
      for (const auto& cell : row) out += fmt::format("<td>{}</td>", escaped(cell));
      out += "</tr>\n";
    }
    out += "</table>\n";
  }
  for (const auto& [caption, svg] : page.plots)
    out += fmt::format("<figure>{}<figcaption>{}</figcaption></figure>\n", svg, escaped(caption));
  return out + "</html>\n";
}

std::string to_text(const Page& page) {
  std::string out = page.title;
  for (const auto& [name, value] : page.facts) out += fmt::format("\n  {:<28} {}", name, value);
  for (const auto& table : page.tables) {
    out += fmt::format("\n{}", table.title);
    for (const auto& row : table.rows) {
      out += "\n ";
      for (std::size_t i = 0; i < row.size(); ++i) out += fmt::format(" {} {}{}", table.columns[i], row[i], i + 1 < row.size() ? "," : "");
    }
  }
  return out;
}

Report verification_report(std::string title, std::span<const Score> scores, std::span<const double> impostors) {
  constexpr std::size_t kMostForBootstrap = 200'000;
  const Distribution listed{scores};
  const Distribution pooled =
      impostors.empty() ? listed : Distribution{listed.genuine(), std::vector<double>(impostors.begin(), impostors.end())};
  const auto eer = listed.equal_error();
  Report r;
  r.page.title = std::move(title);
  const bool small = scores.size() <= kMostForBootstrap;
  const auto eer_interval =
      small ? bootstrap(scores, [](const Distribution& d) { return d.equal_error().rate; }) : std::optional<Interval>{};
  r.page.facts.emplace_back("genuine scores", std::to_string(listed.genuine().size()));
  r.page.facts.emplace_back("impostor scores", std::to_string(pooled.impostor().size()));
  r.page.facts.emplace_back("equal error rate", fmt::format("{} at {:.4f}", percent(eer.rate), eer.threshold));
  r.json["eer"] = eer.rate;
  r.json["eer_threshold"] = eer.threshold;
  r.json["genuine"] = listed.genuine().size();
  r.json["impostor"] = pooled.impostor().size();
  if (eer_interval) {
    r.page.facts.emplace_back("its 95 % interval", percent(*eer_interval) + " (bootstrap by subject)");
    r.json["eer_interval"] = json::array{eer_interval->low, eer_interval->high};
  }
  Table rates{"Rates at thresholds", {"FMR", "FMR 95 %", "threshold", "FNMR", "FNMR 95 %", "interval by"}, {}};
  json::array list;
  std::optional<double> shared;
  for (int half = 2; half <= 12; ++half) {
    const double target = std::pow(10, -half / 2.0);
    const auto threshold = pooled.threshold_at_fmr(target);
    if (!threshold) break;
    if (target >= 0.99e-3 || !shared) shared = threshold;
    const Rate fmr = pooled.fmr(*threshold);
    Rate fnmr = pooled.fnmr(*threshold);
    const auto by_subject = small && fnmr.events > 0 ? bootstrap(scores, [&](const Distribution& d) { return d.fnmr(*threshold).value; })
                                                     : std::optional<Interval>{};
    if (by_subject) fnmr.interval = *by_subject;
    rates.rows.push_back({fmt::format("{:.1g}", target), percent(fmr.interval), fmt::format("{:.4f}", *threshold), counted(fnmr),
                          percent(fnmr.interval), by_subject ? "subject" : "Wilson"});
    list.push_back(json::object{
        {"fmr", target}, {"threshold", *threshold}, {"tar", 1 - fnmr.value}, {"fmr_seen", as_json(fmr)}, {"fnmr", as_json(fnmr)}});
  }
  r.page.tables.push_back(std::move(rates));
  r.json["rates"] = std::move(list);

  std::map<std::string, std::vector<Score>> groups;
  for (const auto& s : scores) {
    if (!s.group.empty()) groups[s.group].push_back(s);
  }
  if (!groups.empty()) {
    const double threshold = shared.value_or(eer.threshold);
    Table table{fmt::format("Groups at the threshold {:.4f}", threshold), {"group", "FMR", "FMR 95 %", "FNMR", "FNMR 95 %"}, {}};
    json::array entries;
    for (const auto& [name, members] : groups) {
      const Distribution d{members};
      const Rate fmr = d.fmr(threshold), fnmr = d.fnmr(threshold);
      table.rows.push_back({name, counted(fmr), percent(fmr.interval), counted(fnmr), percent(fnmr.interval)});
      entries.push_back(json::object{{"group", name}, {"fmr", as_json(fmr)}, {"fnmr", as_json(fnmr)}});
    }
    r.page.tables.push_back(std::move(table));
    r.json["groups"] = std::move(entries);
    r.json["group_threshold"] = threshold;
  }

  const double floor = std::pow(10, std::floor(std::log10(1.0 / static_cast<double>(std::max<std::size_t>(pooled.impostor().size(), 10)))));
  const double miss_floor =
      std::pow(10, std::floor(std::log10(1.0 / static_cast<double>(std::max<std::size_t>(pooled.genuine().size(), 10)))));
  Curve det{"", {}}, roc{"", {}};
  for (const auto& p : pooled.curve()) {
    det.points.emplace_back(std::max(p.fmr, floor), std::max(p.fnmr, miss_floor));
    roc.points.emplace_back(std::max(p.fmr, floor), 1 - p.fnmr);
  }
  const Axis far{"false match rate", floor, 1, Scale::logarithmic};
  r.page.plots.emplace_back("Detection error trade-off",
                            svg_plot({&det, 1}, far, {"false non-match rate", miss_floor, 1, Scale::logarithmic}));
  r.page.plots.emplace_back("Receiver operating characteristic", svg_plot({&roc, 1}, far, {"true match rate", 0, 1, Scale::linear}));
  if (!pooled.genuine().empty() && !pooled.impostor().empty()) {
    const double low = std::min(pooled.genuine().front(), pooled.impostor().front()),
                 high = std::max(pooled.genuine().back(), pooled.impostor().back());
    const std::array bars{histogram("genuine", pooled.genuine(), low, high), histogram("impostor", pooled.impostor(), low, high)};
    r.page.plots.emplace_back("Scores, each kind by its most frequent value",
                              svg_plot(bars, {"score", low, std::max(high, low + 1e-9)}, {"share of the mode"}));
  }
  return r;
}

Report pad_report(std::string title, std::span<const PadScore> scores, double threshold) {
  Report r;
  r.page.title = std::move(title);
  const auto describe = [&](const std::string& heading, const PadRates& rates) {
    Table table{fmt::format("{}: threshold {:.4f}", heading, rates.threshold), {"presentation", "rate", "value", "95 %"}, {}};
    table.rows.push_back({"bona fide", "BPCER", counted(rates.bpcer), percent(rates.bpcer.interval)});
    json::object apcer;
    for (const auto& [instrument, value] : rates.apcer) {
      table.rows.push_back({instrument, "APCER", counted(value), percent(value.interval)});
      apcer[instrument] = as_json(value);
    }
    r.page.tables.push_back(std::move(table));
    return json::object{
        {"threshold", rates.threshold}, {"bpcer", as_json(rates.bpcer)}, {"apcer", std::move(apcer)}, {"apcer_worst", rates.worst_apcer()}};
  };
  std::vector<double> live, attack;
  for (const auto& s : scores) (s.instrument.empty() ? live : attack).push_back(s.value);
  r.page.facts.emplace_back("bona fide presentations", std::to_string(live.size()));
  r.page.facts.emplace_back("attacks", std::to_string(attack.size()));
  r.json["given"] = describe("As given", pad_rates(scores, threshold));
  for (const double target : {0.05, 0.1}) {
    r.json[target < 0.1 ? "bpcer20" : "bpcer10"] =
        describe(fmt::format("Worst APCER at most {:.0f} %", target * 100), pad_rates(scores, pad_threshold_at_apcer(scores, target)));
  }
  const Distribution d{live, attack};
  Curve det{"", {}};
  for (const auto& p : d.curve()) det.points.emplace_back(std::max(p.fmr, 1e-3), std::max(p.fnmr, 1e-3));
  r.page.plots.emplace_back("All instruments together", svg_plot({&det, 1}, {"attacks accepted", 1e-3, 1, Scale::logarithmic},
                                                                 {"bona fide refused", 1e-3, 1, Scale::logarithmic}));
  return r;
}

}  // namespace authx::accuracy
