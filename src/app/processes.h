#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace authx::app {

/// Says in `<data folder>/run` that this process is at work, until it goes away. The file is locked meanwhile, so that one a crash
/// left behind is known as such.
class Running {
 public:
  static Result<std::unique_ptr<Running>> announce(const std::string& data_dir);
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  Running(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  std::string path_;
  int fd_;
};

/// Sends a signal to every process that has announced itself in this data folder; how many. Files of dead ones are removed.
Result<int> signal_running(const std::string& data_dir, int signal);

}  // namespace authx::app
