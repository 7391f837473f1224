#include "app/processes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <system_error>

namespace authx::app {
namespace {

namespace fs = std::filesystem;

fs::path folder_of(const std::string& data_dir) { return fs::path{data_dir} / "run"; }

Error failed(std::string_view what) { return {Errc::unavailable, fmt::format("{}: {}", what, std::generic_category().message(errno))}; }

}  // namespace

Result<std::unique_ptr<Running>> Running::announce(const std::string& data_dir) {
  std::error_code ec;
  fs::create_directories(folder_of(data_dir), ec);
  auto path = (folder_of(data_dir) / fmt::format("{}.pid", ::getpid())).string();
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0 || ::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    auto error = failed("cannot announce this process in " + path);
    if (fd >= 0) ::close(fd);
    return error;
  }
  return std::unique_ptr<Running>{new Running{std::move(path), fd}};
}

Running::~Running() {
  ::unlink(path_.c_str());
  ::close(fd_);
}

Result<int> signal_running(const std::string& data_dir, int signal) {
  int reached = 0;
  std::error_code ec;
  for (const auto& file : fs::directory_iterator{folder_of(data_dir), ec}) {
    const auto name = file.path().stem().string();
    ::pid_t pid = 0;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (file.path().extension() != ".pid" || bad != std::errc{} || end != name.data() + name.size() || pid <= 1) continue;
    const int fd = ::open(file.path().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) continue;
    const bool dead = ::flock(fd, LOCK_EX | LOCK_NB) == 0;
    ::close(fd);
    if (dead) {
      fs::remove(file.path(), ec);
      continue;
    }
    if (::kill(pid, signal) != 0) return failed(fmt::format("cannot signal process {}", pid));
    ++reached;
  }
  return reached;
}

}  // namespace authx::app
