#include "../html.hpp"

#include <gtest/gtest.h>

#include "toy_study.hpp"

namespace snac::report {
namespace {

TEST(Html, text_cannot_leave_its_place) { EXPECT_EQ(escape_html("<b a='1' c=\"2\">&"), "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;"); }

TEST(Html, json_in_a_script_cannot_end_it_and_parses_to_the_same) {
  const Json value{{testing::kNasty, {testing::kNasty, 1.25, nullptr, true}}, {"<", "\\u003c \xe2\x80\xa8"}};
  const std::string text = script_json(value);
  EXPECT_EQ(text.find_first_of("<>&"), std::string::npos) << text;
  EXPECT_EQ(parse_json(text, "script"), value);
}

TEST(Html, bytes_that_are_no_utf_8_are_replaced) { EXPECT_EQ(script_json(Json("a\xff")), "\"a\xef\xbf\xbd\""); }

TEST(Html, a_template_is_filled_once) {
  EXPECT_EQ(fill("<p>{{a}}{{b}}</p> {{ no end", {{"a", "{{b}}"}, {"b", "2"}}), "<p>{{b}}2</p> {{ no end");
  EXPECT_THROW(fill("{{c}}", {{"a", ""}}), std::logic_error);
}

TEST(Html, tables_have_headers_for_rows_and_columns) {
  const std::string html = table("T", {"", "x"}, {{"row", "1"}});
  EXPECT_NE(html.find("<caption>T</caption>"), std::string::npos);
  EXPECT_NE(html.find("<th scope=\"col\">x</th>"), std::string::npos);
  EXPECT_NE(html.find("<th scope=\"row\">row</th><td>1</td>"), std::string::npos);
}

}  // namespace
}  // namespace snac::report
