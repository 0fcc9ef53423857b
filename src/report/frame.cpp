#include "frame.hpp"

#include "embedded.hpp"
#include "html.hpp"

namespace snac::report {

std::string framed(const PageContent& content, const Json& data) {
  std::string links;
  for (const auto& [id, title] : content.sections) links += (links.empty() ? "" : " ") + ("<a href=\"#" + id + "\">") + title + "</a>";
  const auto files = page_files();
  return fill(files.at("page.html"), {{"title", escape_html(content.title)},
                                      {"refresh", content.refresh_seconds > 0 ? "<meta http-equiv=\"refresh\" content=\"" +
                                                                                    std::to_string(content.refresh_seconds) + "\">"
                                                                              : std::string()},
                                      {"style", files.at("page.css")},
                                      {"nav", "<nav aria-label=\"Sections\">" + links + "</nav>"},
                                      {"main", content.main},
                                      {"data", script_json(data)},
                                      {"library", library_files().at("d3.js")},
                                      {"script", content.script}});
}

}  // namespace snac::report
