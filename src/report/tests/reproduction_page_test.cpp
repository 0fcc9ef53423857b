#include "snac/report/reproduction_page.hpp"

#include <gtest/gtest.h>

#include "snac/core/error.hpp"

namespace snac::report {
namespace {

Json toy_document() {
  return {{"format", "snac.reproduction"},
          {"version", 1},
          {"study", "A <b>bold</b> experiment"},
          {"scale", 0.25},
          {"seeds", {1}},
          {"seconds", 120.0},
          {"seconds_full_estimate", 600.0},
          {"config", "x.yaml"},
          {"metrics", {{"resource", "average_resource"}, {"cycles", "clock_cycles"}}},
          {"published",
           {{"cost", "one day"}, {"remarks", {"remark </script>"}}, {"sources", {{"P", "paper & more"}}}, {"global", Json::array()}}},
          {"differences", {"the data"}},
          {"tables",
           {{{"id", "table-2"},
             {"title", "Table 2"},
             {"header", {"model", "LUT"}},
             {"rows", Json::array({Json::array({"ours", "1,234"}), Json::array({"theirs", "<5>"})})},
             {"notes", {"a note"}}}}},
          {"parts", {{{"part", "nac"}, {"title", "NAC"}, {"seed", 1}, {"folder", "runs/nac"}, {"seconds", {{"search", 12.4}}}}}}};
}

TEST(ReproductionPage, holds_tables_differences_and_data_without_a_way_out_of_their_place) {
  const std::string page = reproduction_page(toy_document());
  for (const char* part :
       {"A &lt;b&gt;bold&lt;/b&gt; experiment", "A run at 0.25 of the full budget", "2 minutes of wall-clock, about 10 for the full budget",
        "<th scope=\"row\">ours</th><td>1,234</td>", "<td>&lt;5&gt;</td>", "a note", "<li>the data</li>", "remark &lt;/script&gt;",
        "P: paper &amp; more", "search 12 s", "id=\"figure-4\"", "\"average_resource\""})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  EXPECT_EQ(page.find("remark </script>"), std::string::npos);
  EXPECT_EQ(page.find("http://"), page.find("http://www.w3.org")) << "nothing comes from a network";
}

TEST(ReproductionPage, refuses_what_is_no_such_document) {
  EXPECT_THROW(reproduction_page(Json::object()), DataError);
  for (const char* key : {"tables", "parts", "published", "seeds", "study"}) {
    Json damaged = toy_document();
    damaged.erase(key);
    EXPECT_THROW(reproduction_page(damaged), DataError) << key;
  }
}

}  // namespace
}  // namespace snac::report
