#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace authx::app {

/// Files as they are, folders as the files in them, in order of name. `Errc::validation` for what cannot be read, or nothing found.
Result<std::vector<std::string>> expand_folders(const std::vector<std::string>& paths);

/// The error, naming the file that it is about.
Error about_file(const std::string& path, Error error);

/// The first fault of an error in a few words, for lists of many files.
std::string reason_of(const Error& error);

}  // namespace authx::app
