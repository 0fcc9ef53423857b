// The databases that the conformance suite runs on. Each has a test program of its own, which links one all_backends().
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "snac/core/files.hpp"
#include "snac/store/store.hpp"

namespace snac::store {

struct Backend {
  std::string name;
  /// Makes room for the database that belongs to a test's folder. @returns why it cannot; empty = done.
  std::function<std::string(const std::filesystem::path& folder)> prepare;
  /// Opens the database that belongs to a test's folder; a second call opens the same one.
  std::function<std::unique_ptr<Store>(const std::filesystem::path& folder)> open;
  friend std::ostream& operator<<(std::ostream& out, const Backend& backend) { return out << backend.name; }
};

std::vector<Backend> all_backends();

class BackendTest : public testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    const std::string reason = GetParam().prepare(folder_.path());
    if (!reason.empty()) GTEST_SKIP() << reason;
  }
  std::unique_ptr<Store> open() const { return GetParam().open(folder_.path()); }
  /// Opens, with study "jets" in it.
  std::unique_ptr<Store> open_with_study() const {
    auto store = open();
    store->open_study(jets());
    return store;
  }
  static StudyInfo jets() {
    return {.name = "jets", .config_hash = "abc", .config = {{"search", {{"trials", 500}}}}, .provenance = {{"version", "0.1"}}};
  }
  TemporaryDirectory folder_{"snac_store"};
};

}  // namespace snac::store
