#pragma once

#include <optional>
#include <string>

namespace authx::testing_support {

/// The URL of a new, empty PostgreSQL database. The server is the one that AUTHX_TEST_POSTGRES_URL names
/// (its user may create databases), else a private one that this process starts on first use in a temporary folder, reachable
/// only through a socket there, and stops at exit. Nothing when PostgreSQL's programs are not installed; a test then skips.
/// Throws std::runtime_error when a server that should run does not.
std::optional<std::string> fresh_postgres_database();

/// Runs one statement on a database outside the code under test.
void postgres_execute(const std::string& url, const std::string& sql);

}  // namespace authx::testing_support
