#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"
#include "base/result.h"

namespace CLI {
class App;
}

namespace authx::app {

/// Exit codes of every command.
enum class Exit : int {
  ok = 0,
  negative = 1,     ///< the command worked and the answer is no (faces differ, chain broken, document invalid)
  usage = 2,        ///< wrong arguments, as CLI11 reports them too
  input = 3,        ///< a file is missing or is not what the command reads
  unavailable = 4,  ///< a dependency (database, model, server) is missing
  internal = 5,
};

/// What the commands share: `--json` and the exit code to leave with.
struct Cli {
  bool json = false;
  Exit exit = Exit::ok;

  void print(const std::string& human, const json::value& machine) const;             ///< one of the two, to stdout
  void fail(const Error& error);                                                      ///< message to stderr, sets `exit`
  void progress(std::size_t done, std::size_t total, const std::string& what) const;  ///< to stderr when it is a terminal
};

Result<Bytes> read_file(const std::string& path, std::size_t limit);  ///< Errc::validation naming the path
Result<> write_file(const std::string& path, BytesView bytes);

/// Each adds its subcommands to `root`; the callbacks run after parsing.
using AddCommands = void (*)(CLI::App& root, Cli& cli);

}  // namespace authx::app
