// The ceiling of password checks: libsodium's Argon2id alone, on as many threads as asked.
// Input "SECONDS THREADS MEMORY_KIB PASSES"; answer {"per_second": …}.

#include <fmt/format.h>
#include <sodium.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

int main() {
  if (sodium_init() < 0) return 1;
  constexpr std::string_view password = "correct horse battery staple";
  for (std::string line; std::getline(std::cin, line);) {
    double seconds = 0;
    int threads = 0;
    std::size_t memory_kib = 0;
    unsigned long long passes = 0;
    std::istringstream{line} >> seconds >> threads >> memory_kib >> passes;
    std::array<char, crypto_pwhash_STRBYTES> phc{};
    if (crypto_pwhash_str_alg(phc.data(), password.data(), password.size(), passes, memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0) {
      std::cerr << "no memory, or a cost outside libsodium's range\n";
      return 1;
    }
    std::atomic<std::size_t> checked{0};
    const auto from = std::chrono::steady_clock::now();
    const auto until = from + std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(seconds));
    std::vector<std::thread> workers;
    for (int i = 0; i < threads; ++i) {
      workers.emplace_back([&] {
        while (std::chrono::steady_clock::now() < until) {
          if (crypto_pwhash_str_verify(phc.data(), password.data(), password.size()) == 0) checked.fetch_add(1, std::memory_order_relaxed);
        }
      });
    }
    for (auto& worker : workers) worker.join();
    const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
    std::cout << fmt::format(R"({{"per_second": {}}})", static_cast<double>(checked.load()) / took) << std::endl;
  }
  return 0;
}
