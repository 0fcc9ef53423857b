#include "snac/core/error.hpp"

#include <gtest/gtest.h>

namespace snac {
namespace {

TEST(Error, message_names_place_found_expected_and_hint) {
  const ConfigError error("bad value",
                          {.where = "a.yaml:3: search.trials", .found = "'many'", .expected = "integer >= 1", .hint = "give a number"});
  EXPECT_STREQ(error.what(),
               "bad value\n  where:    a.yaml:3: search.trials\n  found:    'many'\n  expected: integer >= 1\n  try:      give a number");
  EXPECT_EQ(error.code(), ExitCode::config);
}

TEST(Error, nearest_name_finds_typos_and_swapped_letters) {
  const std::vector<std::string> known{"epochs", "population", "trials"};
  EXPECT_EQ(nearest_name("trails", known), "trials");
  EXPECT_EQ(nearest_name("Populaton", known), "population");
  EXPECT_EQ(nearest_name("popul", known), "population");
  EXPECT_EQ(nearest_name("colour", known), "");
  EXPECT_EQ(suggest("epoch", known), "did you mean 'epochs'?");
  EXPECT_EQ(suggest("colour", known), "known: epochs, population, trials");
}

}  // namespace
}  // namespace snac
