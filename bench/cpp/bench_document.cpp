// Decoding and reading a document as a server's worker thread does: engines and OCR models stay loaded.
// Input: paths separated by tabs: the front, and the back when there is one; a path after ">" receives the front with its secret
// digits painted over. Answer: what was read, the times in ms (`cpu_ms` is this process's, `capture_ms` of the appraisal alone).
// A path after "?" is only appraised. The pictures are generated ones: the answer holds whole numbers.

#include <ctime>

#include "base/json.h"
#include "base/time.h"
#include "engines/document/capture.h"
#include "engines/document/reader.h"
#include "imaging/decode.h"
#include "probe.h"

namespace {

using namespace authx;

double cpu_ms() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
}

json::array corners(const imaging::Quad& q) {
  json::array out;
  for (const auto& c : q) out.push_back(json::array{c.x, c.y});
  return out;
}

json::array quads(const std::vector<imaging::Quad>& all) {
  json::array out;
  for (const auto& q : all) out.push_back(corners(q));
  return out;
}

json::array failed_of(const std::vector<document::Finding>& findings) {
  json::array out;
  for (const auto& f : findings) {
    if (f.outcome == document::Outcome::failed) out.emplace_back(f.id);
  }
  return out;
}

imaging::Image picture(const std::string& path, const Deadline& deadline) {
  auto decoded = imaging::decode(bench::file_bytes(path), {}, deadline);
  if (!decoded) bench::give_up(path + ": " + decoded.error().detail);
  return std::move(decoded->pages.front());
}

std::string appraised(const std::string& path) {
  const auto image = picture(path, Deadline::after(std::chrono::seconds{60}));
  const double from = cpu_ms();
  const auto capture = document::appraise_capture(image);
  const double ms = cpu_ms() - from;
  return json::serialize(json::object{{"capture_ms", ms},
                                      {"capture_outline", capture.outline ? json::value(corners(*capture.outline)) : json::value(nullptr)},
                                      {"capture_faults", failed_of(capture.findings)}});
}

std::string answer(const std::string& line) {
  if (line.starts_with('?')) return appraised(line.substr(1));
  std::string front_path = line;
  std::string back_path;
  std::string out_path;
  if (const auto at = front_path.find('>'); at != std::string::npos) {
    out_path = front_path.substr(at + 1);
    front_path.resize(at);
  }
  if (const auto at = front_path.find('\t'); at != std::string::npos) {
    back_path = front_path.substr(at + 1);
    front_path.resize(at);
  }
  const auto deadline = Deadline::after(std::chrono::seconds{60});
  Result<document::Reading> reading{Errc::internal};
  imaging::Image front;
  double decode_ms = 0;
  const double before = cpu_ms();
  const double ms = bench::milliseconds([&] {
    imaging::Image back;
    decode_ms = bench::milliseconds([&] {
      front = picture(front_path, deadline);
      if (!back_path.empty()) back = picture(back_path, deadline);
    });
    reading = document::read(front, back.empty() ? nullptr : &back, document::DeclaredType::other, date_of(SystemClock{}.now()), deadline);
  });
  const double cpu = cpu_ms() - before;
  if (!reading) bench::give_up(front_path + ": " + reading.error().detail);
  const double from = cpu_ms();
  const auto capture = document::appraise_capture(front);
  const double capture_ms = cpu_ms() - from;
  if (!out_path.empty()) {
    imaging::black_out(front, reading->pages.front().secret_on_input);
    const auto file = imaging::encode_png(front);
    if (file)
      std::ofstream{out_path, std::ios::binary}.write(reinterpret_cast<const char*>(file->data()),
                                                      static_cast<std::streamsize>(file->size()));
  }
  json::object fields;
  for (const auto& f : reading->fields) {
    if (!fields.contains(f.name)) fields[f.name] = {{"value", f.value}, {"normalised", f.normalised}, {"confidence", f.confidence}};
  }
  json::array pages;
  for (const auto& p : reading->pages) {
    pages.push_back({{"side", document::to_string(p.side)},
                     {"outline", p.outline_found ? json::value(corners(p.outline)) : json::value(nullptr)},
                     {"quarter_turns", p.quarter_turns},
                     {"secrets", quads(p.secret_on_input)}});
  }
  return json::serialize(json::object{{"ms", ms},
                                      {"cpu_ms", cpu},
                                      {"decode_ms", decode_ms},
                                      {"capture_ms", capture_ms},
                                      {"capture_outline", capture.outline ? json::value(corners(*capture.outline)) : json::value(nullptr)},
                                      {"capture_faults", failed_of(capture.findings)},
                                      {"type", document::to_string(reading->type)},
                                      {"variant", reading->variant},
                                      {"number", reading->document_number.expose()},
                                      {"display_number", reading->display_number},
                                      {"mrz", reading->mrz ? json::value_from(reading->mrz->lines) : json::value(nullptr)},
                                      {"fields", fields},
                                      {"failed", failed_of(reading->findings)},
                                      {"pages", pages}});
}

}  // namespace

int main() { return authx::bench::answer_lines(&answer); }
