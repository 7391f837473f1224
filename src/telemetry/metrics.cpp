#include "telemetry/metrics.h"

#include <fmt/format.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "telemetry/biometric_metrics.h"

namespace authx::metrics {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;

prometheus::Registry& registry() {
  static prometheus::Registry instance;
  return instance;
}

const prometheus::Histogram::BucketBoundaries kRequestBuckets{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                              0.1,    0.25,  0.5,    1,     2.5,  5,     10};

Histogram histogram(const char* name, const char* help) {
  return Histogram{&BuildHistogram().Name(name).Help(help).Register(registry()).Add({}, kRequestBuckets)};
}

}  // namespace

void Counter::add(double by) const { static_cast<prometheus::Counter*>(impl_)->Increment(by); }
void Gauge::set(double value) const { static_cast<prometheus::Gauge*>(impl_)->Set(value); }
void Histogram::observe(double seconds) const { static_cast<prometheus::Histogram*>(impl_)->Observe(seconds); }

Counter http_requests(std::string_view method, std::string_view endpoint, int status) {
  static auto& family = BuildCounter().Name("http_requests_total").Help("Total HTTP requests").Register(registry());
  return Counter{&family.Add({{"method", std::string{method}}, {"endpoint", std::string{endpoint}}, {"status", std::to_string(status)}})};
}

Histogram http_duration() {
  static const auto h = histogram("http_request_duration_seconds", "HTTP request duration");
  return h;
}

Gauge active_verifications() {
  static const Gauge g{
      &BuildGauge().Name("active_verifications_count").Help("Number of active verifications").Register(registry()).Add({})};
  return g;
}

Histogram face_duration() {
  static const auto h = histogram("face_recognition_duration_seconds", "Face recognition processing time");
  return h;
}

Histogram document_duration() {
  static const auto h = histogram("document_processing_duration_seconds", "Document reading time");
  return h;
}

Histogram biometric_duration() {
  static const auto h = histogram("biometric_processing_duration_seconds", "Fingerprint and iris processing time");
  return h;
}

Counter biometric_comparisons(std::string_view kind, std::string_view outcome) {
  static auto& family =
      BuildCounter().Name("biometric_comparisons_total").Help("Biometric comparisons by kind and outcome").Register(registry());
  return Counter{&family.Add({{"kind", std::string{kind}}, {"outcome", std::string{outcome}}})};
}

Counter jobs_finished(std::string_view kind, std::string_view outcome) {
  static auto& family = BuildCounter().Name("jobs_finished_total").Help("Background jobs by kind and outcome").Register(registry());
  return Counter{&family.Add({{"kind", std::string{kind}}, {"outcome", std::string{outcome}}})};
}

Counter shadow_reports(std::string_view model, std::string_view outcome) {
  static auto& family =
      BuildCounter().Name("face_shadow_reports_total").Help("Pictures that a second face model looked at").Register(registry());
  return Counter{&family.Add({{"model", std::string{model}}, {"outcome", std::string{outcome}}})};
}

Gauge jobs_queued() {
  static const Gauge g{&BuildGauge().Name("jobs_queued_count").Help("Background jobs waiting to run").Register(registry()).Add({})};
  return g;
}

std::string exposition() {
  static auto& resident = BuildGauge().Name("process_resident_memory_bytes").Help("Resident memory size").Register(registry()).Add({});
  resident.Set(resident_bytes());
  return prometheus::TextSerializer{}.Serialize(registry().Collect());
}

double resident_bytes() {
  std::ifstream in{"/proc/self/statm"};
  double total = 0;
  double resident = 0;
  in >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

SystemLoad system_load(const std::string& disk_path) {
  SystemLoad load;
  std::ifstream avg{"/proc/loadavg"};
  double one_minute = 0;
  avg >> one_minute;
  load.cpu_percent = one_minute / static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN)) * 100;
  std::ifstream info{"/proc/meminfo"};
  std::string key;
  std::string unit;
  double value = 0;
  double total = 0;
  double available = 0;
  while (info >> key >> value >> unit) {
    if (key == "MemTotal:") total = value;
    if (key == "MemAvailable:") {
      available = value;
      break;
    }
  }
  if (total > 0) load.memory_percent = (1 - available / total) * 100;
  struct statvfs fs{};
  if (::statvfs(disk_path.c_str(), &fs) == 0 && fs.f_blocks > 0)
    load.disk_percent = (1 - static_cast<double>(fs.f_bavail) / static_cast<double>(fs.f_blocks)) * 100;
  return load;
}

}  // namespace authx::metrics
