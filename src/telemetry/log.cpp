#include "telemetry/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>

#include "base/time.h"

namespace authx::log {
namespace {

std::atomic<Level> g_level{Level::info};
std::atomic<bool> g_json{true};

spdlog::logger& sink() {
  static const auto logger = [] {
    auto made = std::make_shared<spdlog::logger>("authx", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
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
  sink().log(spdlog::level::info, line);
}

void flush() { sink().flush(); }

}  // namespace authx::log
