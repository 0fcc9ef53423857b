#include "snac/report/page.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

#include "snac/core/error.hpp"
#include "snac/report/study_view.hpp"
#include "toy_study.hpp"

namespace snac::report {
namespace {

using testing::ToyStudy;

/// What is wrong with the nesting of elements; empty if nothing. Scripts and styles end where a browser ends them.
std::string nesting_fault(const std::string& html) {
  const std::vector<std::string> empty_elements{"meta", "br", "input", "!doctype"};
  std::vector<std::string> open;
  for (std::size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at)) {
    if (html.compare(at, 4, "<!--") == 0) {
      at = html.find("-->", at);
      if (at == std::string::npos) return "a comment does not end";
      continue;
    }
    const bool closing = html[at + 1] == '/';
    const std::size_t begin = at + (closing ? 2 : 1);
    std::size_t end = begin;
    while (end < html.size() && (std::isalnum(static_cast<unsigned char>(html[end])) || html[end] == '!')) ++end;
    std::string name = html.substr(begin, end - begin);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (name.empty()) return "a bare < near: " + html.substr(at, 40);
    char quote = 0;
    for (; end < html.size() && (quote || html[end] != '>'); ++end) {
      if (quote ? html[end] == quote : html[end] == '"' || html[end] == '\'') quote = quote ? 0 : html[end];
      if (!quote && html[end] == '<') return "a tag inside a tag near: " + html.substr(at, 60);
    }
    if (end == html.size()) return "a tag does not end: " + name;
    at = end;
    if (std::find(empty_elements.begin(), empty_elements.end(), name) != empty_elements.end()) continue;
    if (closing) {
      if (open.empty() || open.back() != name) return "</" + name + "> closes " + (open.empty() ? "nothing" : open.back());
      open.pop_back();
    } else {
      open.push_back(name);
      if (name == "script" || name == "style") at = html.find("</" + name, at);
      if (at == std::string::npos) return name + " does not end";
    }
  }
  return open.empty() ? "" : open.back() + " stays open";
}

Json data_of(const std::string& html) {
  const std::string open = "<script type=\"application/json\" id=\"data\">";
  const std::size_t begin = html.find(open) + open.size();
  return parse_json(html.substr(begin, html.find("</script>", begin) - begin), "page");
}

TEST(Page, shows_the_figures_of_a_whole_study_with_their_sources) {
  ToyStudy study;
  for (int i = 0; i < 4; ++i) study.add(ToyStudy::trial(i));
  study.add_run({{"choose_reason", "the smallest lut of 2"}, {"hardware", Json::array({"m1-w6a6-p2"})}});
  study.add_later_stages();
  const Json view = study_view(*study.store, study.name);
  const std::string html = page(view);
  EXPECT_EQ(nesting_fault(html), "");
  for (const char* text : {"4 networks trained", "57.50 ± 24.72 %", "60.00 ± 24.49 %", "1,234 (1.23 %)", "1,230 (1.23 %)", "Yosys 0.23",
                           "circuit, calibrated on Yosys 0.23", "6 cycles, 30 ns", "bit-exact: 4/4", ">6/6<", "16-32-5 relu", "50.0 %",
                           "the smallest lut of 2", "snac run --config toy.yaml", "SHA-256 0123", "FixedNet interpreter"}) {
    EXPECT_NE(html.find(text), std::string::npos) << text;
  }
  EXPECT_EQ(data_of(html), view);
  EXPECT_EQ(html.find("http-equiv=\"refresh\""), std::string::npos);
}

TEST(Page, asks_nothing_of_a_network) {
  ToyStudy study;
  const std::string html = page(study_view(*study.store, study.name));
  for (const char* loading : {" src=", "<link", "@import", "url("})
    EXPECT_EQ(html.substr(0, html.find("<script>")).find(loading), std::string::npos) << loading;
  EXPECT_NE(html.find("default-src 'none'"), std::string::npos);
}

TEST(Page, names_from_outside_stay_text) {
  ToyStudy study(testing::kNasty);
  store::Trial trial = ToyStudy::trial(0);
  trial.attributes["network"] = testing::kNasty;
  trial.attributes["choices"][testing::kNasty] = testing::kNasty;
  study.add(trial);
  study.add_failed(1, testing::kNasty);
  study.add_run({{"config_file", testing::kNasty}, {"config", testing::kNasty}, {"select_reason", testing::kNasty}});
  study.add_later_stages();
  const Json view = study_view(*study.store, study.name);
  const std::string html = page(view);
  EXPECT_EQ(nesting_fault(html), "");
  EXPECT_EQ(html.find("<script>alert"), std::string::npos);
  EXPECT_EQ(data_of(html), view);
  EXPECT_NE(html.find("<h1>&lt;/script&gt;"), std::string::npos);
}

TEST(Page, an_empty_study_and_one_of_failures_say_so) {
  ToyStudy study;
  std::string html = page(study_view(*study.store, study.name));
  EXPECT_EQ(nesting_fault(html), "");
  EXPECT_NE(html.find("0 networks trained"), std::string::npos);
  EXPECT_NE(html.find("No network is hardware yet."), std::string::npos);
  study.add_failed(0, "the loss is not a number");
  html = page(study_view(*study.store, study.name));
  EXPECT_EQ(nesting_fault(html), "");
  EXPECT_NE(html.find("0 networks trained, 1 failed"), std::string::npos);
  EXPECT_NE(html.find("the loss is not a number"), std::string::npos);
}

TEST(Page, a_damaged_record_is_an_error_that_names_it) {
  ToyStudy study;
  study.add_run();
  study.add_later_stages();
  study.store->put_record(study.name, "hardware:1", "m1-w6a6-p2/test", {{"accuracy", "high"}});
  try {
    page(study_view(*study.store, study.name));
    FAIL() << "expected a DataError";
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("m1-w6a6-p2/test"), std::string::npos) << error.what();
  }
}

TEST(Page, reloads_itself_only_if_asked_to_and_is_replaced_whole) {
  ToyStudy study;
  const auto file = study.folder.path() / "deep" / "report.html";
  write_page(file, study_view(*study.store, study.name), {.refresh_seconds = 7});
  EXPECT_NE(read_file(file).find("<meta http-equiv=\"refresh\" content=\"7\">"), std::string::npos);
  write_page(file, study_view(*study.store, study.name));
  EXPECT_EQ(read_file(file).find("http-equiv=\"refresh\""), std::string::npos);
}

}  // namespace
}  // namespace snac::report
