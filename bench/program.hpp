// What the benchmark programs share at the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>

namespace snac::bench {

inline void add_jet_files(CLI::App& app, std::string& train, std::string& test) {
  app.add_option("--train", train, "Training file")->capture_default_str();
  app.add_option("--test", test, "Test file")->capture_default_str();
}

/// Parses, then runs the body. @returns main's exit code: 1 if the body throws, with the error on standard error.
template <class Body>
int run_program(CLI::App& app, int argc, char** argv, Body body) {
  CLI11_PARSE(app, argc, argv);
  try {
    body();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}

}  // namespace snac::bench
