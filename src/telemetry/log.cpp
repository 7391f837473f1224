#include "telemetry/log.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "base/time.h"

namespace authx::log {
namespace {

std::atomic<Level> g_level{Level::info};
std::atomic<bool> g_json{true};

/// stderr, with one system call for many lines when they come fast: a line that comes when none was written for `kPause` goes out at
/// once, those that follow it within the pause go out together, and what is a warning or worse never waits.
class StderrSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  ~StderrSink() override {
    late_.request_stop();
    late_.join();
    write_out();
  }

 private:
  using Steady = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kPause{5};
  static constexpr std::size_t kMost = 64 * 1024;

  void sink_it_(const spdlog::details::log_msg& message) override {
    const bool first = waiting_.empty();
    waiting_.append(message.payload.data(), message.payload.size());
    waiting_ += '\n';
    if (message.level >= spdlog::level::warn || waiting_.size() >= kMost || (first && Steady::now() - written_ >= kPause)) {
      write_out();
    } else if (first) {
      has_waiting_.notify_one();
    }
  }

  void flush_() override { write_out(); }

  void write_out() {
    std::string_view rest = waiting_;
    while (!rest.empty()) {
      const auto n = ::write(STDERR_FILENO, rest.data(), rest.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) break;  // nobody reads: a log that can't be written must not stop the server
      rest.remove_prefix(static_cast<std::size_t>(n));
    }
    waiting_.clear();
    written_ = Steady::now();
  }

  void write_late(const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    while (!stop.stop_requested()) {
      if (!has_waiting_.wait(lock, stop, [&] { return !waiting_.empty(); })) return;
      has_waiting_.wait_for(lock, stop, kPause, [] { return false; });
      write_out();
    }
  }

  std::string waiting_;
  Steady::time_point written_{};
  std::condition_variable_any has_waiting_;
  std::jthread late_{[this](const std::stop_token& stop) { write_late(stop); }};
};

spdlog::logger& sink() {
  static const auto logger = [] {
    auto made = std::make_shared<spdlog::logger>("authx", std::make_shared<StderrSink>());
    made->set_level(spdlog::level::trace);
    return made;
  }();
  return *logger;
}

std::string_view name(Level level) {
  switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warning: return "warning";
    case Level::error: return "error";
  }
  return "error";
}

/// JSON string escaping; control characters are escaped, so that no value can start a line of its own.
void append_quoted(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (u < 0x20 || u == 0x7F) {
      out += "\\u00";
      out += hex[u >> 4];
      out += hex[u & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_value(std::string& out, const Field& field) {
  if (const auto* text = std::get_if<std::string_view>(&field.value))
    append_quoted(out, *text);
  else if (const auto* integer = std::get_if<std::int64_t>(&field.value))
    out += std::to_string(*integer);
  else if (const auto* real = std::get_if<double>(&field.value))
    out += fmt::format("{:.6g}", *real);
  else
    out += std::get<bool>(field.value) ? "true" : "false";
}

}  // namespace

void configure(Level level, bool json) {
  g_level = level;
  g_json = json;
}

bool enabled(Level level) noexcept { return level >= g_level.load(std::memory_order_relaxed); }

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  const auto now = format_time(SystemClock{}.now());
  std::string line;
  line.reserve(160);
  if (g_json.load(std::memory_order_relaxed)) {
    line += R"({"timestamp":")";
    line += now;
    line += R"(","level":")";
    line += name(level);
    line += R"(","event":)";
    append_quoted(line, event);
    for (const auto& field : fields) {
      line += ',';
      append_quoted(line, field.key);
      line += ':';
      append_value(line, field);
    }
    line += '}';
  } else {
    line = fmt::format("{} {:<7} {}", now, name(level), event);
    for (const auto& field : fields) {
      line += ' ';
      line += field.key;
      line += '=';
      append_value(line, field);
    }
  }
  sink().log(level >= Level::warning ? spdlog::level::warn : spdlog::level::info, line);
}

void flush() { sink().flush(); }

}  // namespace authx::log
