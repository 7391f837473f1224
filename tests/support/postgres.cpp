#include "support/postgres.h"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace authx::testing_support {
namespace {

namespace fs = std::filesystem;

std::optional<fs::path> programs() {
  std::vector<fs::path> found;
  std::error_code ec;
  for (const auto& version : fs::directory_iterator{"/usr/lib/postgresql", ec}) {
    if (fs::exists(version.path() / "bin/initdb") && fs::exists(version.path() / "bin/postgres")) found.push_back(version.path() / "bin");
  }
  if (found.empty()) return std::nullopt;
  return *std::max_element(found.begin(), found.end());
}

/// PostgreSQL refuses to run as root.
void become(const passwd* user) {
  if (user == nullptr) return;
  if (::initgroups(user->pw_name, user->pw_gid) != 0 || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0) ::_exit(126);
}

pid_t start(const passwd* user, const std::vector<std::string>& command, const fs::path& log) {
  std::vector<char*> argv;
  for (const auto& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child != 0) return child;
  become(user);
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);  // a test that crashes leaves no server behind
  if (::getppid() != parent) ::_exit(125);
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(out, 1);
  ::dup2(out, 2);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

class Server {
 public:
  Server(const fs::path& bin) {
    const auto* user = ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr;
    if (::geteuid() == 0 && user == nullptr) throw std::runtime_error{"root can't run PostgreSQL and there is no user postgres"};
    std::string pattern = (fs::temp_directory_path() / "authx-pg-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"no temporary folder"};
    dir_ = pattern;
    if (user != nullptr && ::chown(dir_.c_str(), user->pw_uid, user->pw_gid) != 0)
      throw std::runtime_error{"the temporary folder can't change hands"};
    const auto data = (dir_ / "data").string();
    const pid_t initdb =
        start(user, {bin / "initdb", "-D", data, "-A", "trust", "-U", "authx", "-E", "UTF8", "--locale=C", "--no-sync"}, dir_ / "log");
    int status = 0;
    ::waitpid(initdb, &status, 0);
    if (status != 0) throw std::runtime_error{"initdb failed"};
    server_ = start(user,
                    {bin / "postgres", "-D", data, "-k", dir_, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=200",
                     "-c", "deadlock_timeout=100ms", "-c", "shared_buffers=32MB"},
                    dir_ / "log");
    const auto url = admin_url();
    for (int tried = 0; tried < 600; ++tried) {
      if (PQping(url.c_str()) == PQPING_OK) return;
      if (::waitpid(server_, &status, WNOHANG) == server_) break;
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
    throw std::runtime_error{"the private PostgreSQL did not start"};
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    ::kill(server_, SIGQUIT);
    ::waitpid(server_, nullptr, 0);
    std::error_code ec;
    fs::remove_all(dir_, ec);
  }
  std::string admin_url() const { return "postgresql:///postgres?user=authx&host=" + dir_.string(); }

 private:
  fs::path dir_;
  pid_t server_ = -1;
};

std::string percent_encoded(const char* text) {
  std::string out;
  for (const char* p = text; *p != '\0'; ++p) {
    constexpr char digits[] = "0123456789ABCDEF";
    const auto c = static_cast<unsigned char>(*p);
    const bool plain =
        (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.' || c == '/';
    if (plain) {
      out += *p;
    } else {
      out += {'%', digits[c >> 4], digits[c & 15]};
    }
  }
  return out;
}

std::string with_database(const std::string& url, const std::string& name) {
  char* message = nullptr;
  PQconninfoOption* options = PQconninfoParse(url.c_str(), &message);
  if (options == nullptr) {
    PQfreemem(message);
    throw std::runtime_error{"AUTHX_TEST_POSTGRES_URL can't be understood"};
  }
  std::string out = "postgresql:///" + name;
  char separator = '?';
  for (const auto* option = options; option->keyword != nullptr; ++option) {
    if (option->val == nullptr || std::string_view{option->keyword} == "dbname") continue;
    out += separator;
    out += option->keyword;
    out += '=';
    out += percent_encoded(option->val);
    separator = '&';
  }
  PQconninfoFree(options);
  return out;
}

}  // namespace

void postgres_execute(const std::string& url, const std::string& sql) {
  const std::unique_ptr<PGconn, void (*)(PGconn*)> conn{PQconnectdb(url.c_str()), PQfinish};
  PQsetNoticeProcessor(conn.get(), [](void*, const char*) {}, nullptr);
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result{PQexec(conn.get(), sql.c_str()), PQclear};
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) throw std::runtime_error{PQerrorMessage(conn.get())};
}

std::optional<std::string> fresh_postgres_database() {
  static std::atomic<int> made{0};
  std::string admin;
  if (const char* given = std::getenv("AUTHX_TEST_POSTGRES_URL"); given != nullptr && *given != '\0') {
    admin = given;
  } else {
    const auto bin = programs();
    if (!bin) return std::nullopt;
    static const Server server{*bin};
    admin = server.admin_url();
  }
  const auto name = "authx_test_" + std::to_string(::getpid()) + "_" + std::to_string(++made);
  postgres_execute(admin, "CREATE DATABASE " + name + " TEMPLATE template0");
  return with_database(admin, name);
}

}  // namespace authx::testing_support
