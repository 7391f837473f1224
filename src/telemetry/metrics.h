#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace authx::metrics {

/// A number that only grows. Copyable handle; cheap and thread-safe.
class Counter {
 public:
  explicit Counter(void* impl) : impl_(impl) {}
  void add(double by = 1) const;

 private:
  void* impl_;
};

class Gauge {
 public:
  explicit Gauge(void* impl) : impl_(impl) {}
  void set(double value) const;

 private:
  void* impl_;
};

class Histogram {
 public:
  explicit Histogram(void* impl) : impl_(impl) {}
  void observe(double seconds) const;

 private:
  void* impl_;
};

/// The specification's metric names. Handles are looked up once and kept: a look-up takes a lock.
Counter http_requests(std::string_view method, std::string_view endpoint, int status);  ///< http_requests_total
Histogram http_duration();                                                              ///< http_request_duration_seconds
Gauge active_verifications();                                                           ///< active_verifications_count
Histogram face_duration();                                                              ///< face_recognition_duration_seconds
Histogram document_duration();                                                          ///< document_processing_duration_seconds
Counter jobs_finished(std::string_view kind, std::string_view outcome);                 ///< jobs_finished_total
Counter shadow_reports(std::string_view model, std::string_view outcome);               ///< face_shadow_reports_total
Gauge jobs_queued();                                                                    ///< jobs_queued_count

/// The Prometheus text exposition of everything, with process_* figures.
std::string exposition();

/// Resident set, in bytes; CPU and disk shares for `/health`.
double resident_bytes();
struct SystemLoad {
  double cpu_percent = 0, memory_percent = 0, disk_percent = 0;
};
SystemLoad system_load(const std::string& disk_path);

}  // namespace authx::metrics
