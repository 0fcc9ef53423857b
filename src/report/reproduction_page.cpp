#include "snac/report/reproduction_page.hpp"

#include <fmt/format.h>

#include "embedded.hpp"
#include "frame.hpp"
#include "html.hpp"
#include "snac/core/files.hpp"

namespace snac::report {
namespace {

constexpr FileFormat kFormat{"snac.reproduction", 1, 1};
constexpr const char* kWhere = "reproduction";

std::vector<std::string> escaped(const Json& texts) {
  std::vector<std::string> cells;
  for (const Json& text : texts) cells.push_back(escape_html(text.get<std::string>()));
  return cells;
}

std::string list(const std::string& title, const Json& texts) {
  std::string html = "<h3>" + title + "</h3>\n<ul>\n";
  for (const auto& text : escaped(texts)) html += "<li>" + text + "</li>\n";
  return html + "</ul>\n";
}

std::string tables(const Json& document) {
  std::string html;
  for (const Json& item : json_get<Json>(document, "tables", kWhere)) {
    std::vector<std::vector<std::string>> rows;
    for (const Json& row : json_get<Json>(item, "rows", kWhere)) rows.push_back(escaped(row));
    html += table(escape_html(json_get<std::string>(item, "title", kWhere)), escaped(json_get<Json>(item, "header", kWhere)), rows);
    for (const auto& note : escaped(json_get<Json>(item, "notes", kWhere))) html += "<p class=\"note\">" + note + "</p>\n";
  }
  return html;
}

std::string lead(const Json& document) {
  const double scale = json_get<double>(document, "scale", kWhere);
  const Json published = json_get<Json>(document, "published", kWhere);
  const std::size_t seeds = json_get<Json>(document, "seeds", kWhere).size();
  return fmt::format(
      "<p class=\"lead\">{} {} with {}; {:.0f} minutes of wall-clock{}. In print: {}.</p>\n",
      scale < 1 ? fmt::format("A run at {:g} of the full budget", scale) : std::string("The full budget"),
      escape_html("of " + json_get<std::string>(document, "config", kWhere)), seeds == 1 ? "one seed" : fmt::format("{} seeds", seeds),
      json_get<double>(document, "seconds", kWhere) / 60,
      scale < 1 ? fmt::format(", about {:.0f} for the full budget", json_get<double>(document, "seconds_full_estimate", kWhere) / 60) : "",
      escape_html(json_get<std::string>(published, "cost", kWhere)));
}

std::string provenance(const Json& document) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& part : json_get<Json>(document, "parts", kWhere)) {
    std::string seconds;
    const Json stages = json_get<Json>(part, "seconds", kWhere);
    for (const auto& [stage, value] : stages.items())
      seconds += fmt::format("{}{} {:.0f} s", seconds.empty() ? "" : ", ", stage, value.get<double>());
    rows.push_back({escape_html(json_get<std::string>(part, "title", kWhere)),
                    std::to_string(json_get<std::uint64_t>(part, "seed", kWhere)),
                    escape_html(json_get<std::string>(part, "folder", kWhere)), escape_html(seconds)});
  }
  std::string html = table("Every part is an ordinary study with a report of its own", {"part", "seed", "folder", "wall-clock"}, rows);
  const Json published = json_get<Json>(document, "published", kWhere);
  const Json sources = json_get<Json>(published, "sources", kWhere);
  Json texts = Json::array();
  for (const auto& [name, text] : sources.items()) texts.push_back(name + ": " + text.get<std::string>());
  return html + list("Sources of the published figures", texts);
}

}  // namespace

std::string reproduction_page(const Json& document) {
  check_header(document, kFormat, kWhere);
  const Json published = json_get<Json>(document, "published", kWhere);
  return framed({.title = json_get<std::string>(document, "study", kWhere),
                 .sections = {{"summary", "What was run"}, {"tables", "Tables"}, {"figures", "Figures"}, {"provenance", "Provenance"}},
                 .main = fill(page_files().at("reproduction.html"),
                              {{"lead", lead(document)},
                               {"differences", list("What differs", json_get<Json>(document, "differences", kWhere))},
                               {"tables", tables(document)},
                               {"remarks", list("About the published figures", json_get<Json>(published, "remarks", kWhere))},
                               {"provenance", provenance(document)}}),
                 .script = reproduction_script_files().at("script.js")},
                document);
}

void write_reproduction_page(const std::filesystem::path& file, const Json& document) {
  write_file_atomically(file, reproduction_page(document));
}

}  // namespace snac::report
