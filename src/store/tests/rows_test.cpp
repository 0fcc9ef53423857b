#include "../rows.hpp"

#include <gtest/gtest.h>

#include "snac/core/error.hpp"

namespace snac::store {
namespace {

TEST(Rows, damaged_genomes_are_refused_with_their_place) {
  EXPECT_EQ(parse_genome("[]", "here"), std::vector<std::int32_t>{});
  EXPECT_EQ(parse_genome("[ 1, -2147483648,2147483647 ]", "here"), (std::vector<std::int32_t>{1, -2147483647 - 1, 2147483647}));
  for (const char* text :
       {"", "[", "{}", "1", "null", "[1.5]", "[\"1\"]", "[2147483648]", "[-2147483649]", "[18446744073709551615]", "[[1]]", "[true]"}) {
    try {
      parse_genome(text, "here");
      FAIL() << text;
    } catch (const DataError& error) {
      EXPECT_EQ(error.text().where, "here") << text;
    }
  }
}

TEST(Rows, states_survive_and_others_are_refused) {
  for (const TrialState state : {TrialState::running, TrialState::complete, TrialState::failed})
    EXPECT_EQ(parse_state(state_text(state), ""), state);
  EXPECT_THROW(parse_state("Complete", "here"), DataError);
  EXPECT_THROW(parse_state("", "here"), DataError);
}

TEST(Rows, json_keeps_the_bits_of_doubles) {
  for (const double value : {0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, -0.0, 1e22}) {
    EXPECT_EQ(parse_json(json_text(Json(value), "x"), "x").dump(), Json(value).dump());
    EXPECT_EQ(parse_json(json_text(Json{value}, "x"), "x")[0].get<double>(), value);
  }
}

TEST(Rows, binary_json_is_refused) { EXPECT_THROW(json_text(Json{{"b", Json::binary({1, 2})}}, "x"), DataError); }

TEST(Rows, differences_name_up_to_five_members) {
  EXPECT_EQ(differences({{"a", 1}, {"b", {1, 2}}}, {{"a", 1}, {"b", {1, 3}}}), "b.1: 2, now 3");
  EXPECT_EQ(differences({{"a", 1}}, {{"b", 1}}), "a: 1, now absent; b: absent, now 1");
  EXPECT_EQ(differences({{"a", 1}}, {{"a", 1}}), "");
  EXPECT_EQ(differences(nullptr, 3), ": null, now 3");
  Json many;
  for (int i = 0; i < 9; ++i) many[std::to_string(i)] = i;
  EXPECT_NE(differences(many, Json::object()).find("and 5 more"), std::string::npos) << differences(many, Json::object());
}

}  // namespace
}  // namespace snac::store
