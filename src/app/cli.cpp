#include "app/cli.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

namespace authx::app {

void Cli::print(const std::string& human, const json::value& machine) const { fmt::print("{}\n", json ? json::serialize(machine) : human); }

void Cli::fail(const Error& error) {
  switch (error.code) {
    case Errc::validation:
    case Errc::not_found:
    case Errc::conflict:
    case Errc::payload_too_large:
    case Errc::unsupported_media_type: exit = Exit::input; break;
    case Errc::unavailable:
    case Errc::capability_unavailable: exit = Exit::unavailable; break;
    default: exit = Exit::internal;
  }
  std::string text = error.message.empty() ? std::string{to_string(error.code)} : error.message;
  for (const auto& fault : error.faults) text += fmt::format("\n  {}: {}", fault.field, fault.reason);
  if (!error.detail.empty()) text += fmt::format("\n  {}", error.detail);
  if (json) {
    json::array faults;
    for (const auto& fault : error.faults) faults.push_back({{"field", fault.field}, {"reason", fault.reason}});
    fmt::print(stderr, "{}\n",
               json::serialize(json::value{{"error", {{"code", to_string(error.code)}, {"message", text}, {"errors", faults}}}}));
  } else {
    fmt::print(stderr, "authx: {}\n", text);
  }
}

void Cli::progress(std::size_t done, std::size_t total, const std::string& what) const {
  if (json || ::isatty(STDERR_FILENO) == 0) return;
  fmt::print(stderr, "\r{}/{} {}{}", done, total, what, done == total ? "\n" : "\033[K");
}

Result<Bytes> read_file(const std::string& path, std::size_t limit) {
  std::ifstream in{path, std::ios::binary | std::ios::ate};
  if (!in) return Error::invalid(path, "cannot be opened");
  const auto size = in.tellg();
  if (size < 0) return Error::invalid(path, "cannot be read");
  if (static_cast<std::size_t>(size) > limit) return Error::invalid(path, fmt::format("is larger than {} bytes", limit));
  Bytes bytes(static_cast<std::size_t>(size));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(bytes.data()), size);
  if (!in) return Error::invalid(path, "cannot be read");
  return bytes;
}

Result<> write_file(const std::string& path, BytesView bytes) {
  std::ofstream out{path, std::ios::binary | std::ios::trunc};
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) return Error::invalid(path, "cannot be written");
  return {};
}

}  // namespace authx::app
