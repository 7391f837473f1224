#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <string>

#include "base/bytes.h"

namespace authx::bench {

/// Milliseconds that `work` takes.
template <class Work>
double milliseconds(Work&& work) {
  const auto from = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - from).count();
}

[[noreturn]] inline void give_up(const std::string& why) {
  std::cerr << why << '\n';
  std::exit(1);
}

inline Bytes file_bytes(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in) give_up("cannot read " + path);
  return Bytes{std::istreambuf_iterator<char>{in}, {}};
}

/// Answers every line of standard input until it ends.
inline int answer_lines(const std::function<std::string(const std::string&)>& answer) {
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << answer(line) << std::endl;  // NOLINT(*-endl): the reader waits for it
  }
  return 0;
}

}  // namespace authx::bench
