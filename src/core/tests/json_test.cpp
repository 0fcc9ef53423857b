#include "snac/core/json.hpp"

#include <gtest/gtest.h>

#include "snac/core/error.hpp"

namespace snac {
namespace {

constexpr FileFormat kFormat{"snac.test", 3, 2};

TEST(Json, header_round_trip) {
  const Json file = with_header(kFormat, {{"x", 1}});
  EXPECT_EQ(check_header(file, kFormat, "f"), 3);
  EXPECT_EQ(file.begin().key(), "format");
}

TEST(Json, foreign_old_and_new_files_are_refused) {
  EXPECT_THROW(check_header(Json{{"format", "other"}, {"version", 3}}, kFormat, "f"), DataError);
  EXPECT_THROW(check_header(Json{{"format", "snac.test"}, {"version", 1}}, kFormat, "f"), DataError);
  EXPECT_THROW(check_header(Json{{"format", "snac.test"}, {"version", 4}}, kFormat, "f"), DataError);
  EXPECT_EQ(check_header(Json{{"format", "snac.test"}, {"version", 2}}, kFormat, "f"), 2);
  EXPECT_THROW(check_header(Json::array(), kFormat, "f"), DataError);
}

TEST(Json, members_are_checked_for_presence_type_and_range) {
  const Json object{{"n", 300}, {"x", 1.5}, {"s", "text"}};
  EXPECT_EQ(json_get<int>(object, "n", "f"), 300);
  EXPECT_THROW(json_get<std::int8_t>(object, "n", "f"), DataError);
  EXPECT_THROW(json_get<int>(object, "x", "f"), DataError);
  EXPECT_THROW(json_get<int>(object, "s", "f"), DataError);
  EXPECT_THROW(json_get<int>(object, "missing", "f"), DataError);
}

TEST(Json, deep_nesting_is_refused_before_anything_recurses) {
  EXPECT_THROW(parse_json(std::string(1000000, '['), "f"), DataError);
  EXPECT_THROW(parse_json(std::string(201, '[') + std::string(201, ']'), "f"), DataError);
  EXPECT_NO_THROW(parse_json(std::string(200, '[') + std::string(200, ']'), "f"));
  EXPECT_NO_THROW(parse_json("[\"" + std::string(1000, '[') + "\\\"" + std::string(1000, '{') + "\"]", "f"));
}

TEST(Json, damaged_text_names_its_place) {
  try {
    parse_json("{\"a\": ", "file.json");
    FAIL() << "expected a DataError";
  } catch (const DataError& error) {
    EXPECT_EQ(error.text().where, "file.json");
  }
}

}  // namespace
}  // namespace snac
