#include "snac/report/page.hpp"

#include "embedded.hpp"
#include "html.hpp"
#include "snac/core/files.hpp"
#include "summary.hpp"

namespace snac::report {
std::string page(const Json& view, const PageParams& params) {
  const auto files = page_files();
  return fill(files.at("page.html"), {{"title", escape_html(view["study"].get<std::string>())},
                                      {"refresh", params.refresh_seconds > 0 ? "<meta http-equiv=\"refresh\" content=\"" +
                                                                                   std::to_string(params.refresh_seconds) + "\">"
                                                                             : std::string()},
                                      {"style", files.at("page.css")},
                                      {"headline", headline(view)},
                                      {"final_table", final_table(view)},
                                      {"provenance", provenance(view)},
                                      {"data", script_json(view)},
                                      {"library", library_files().at("d3.js")},
                                      {"script", script_files().at("script.js")}});
}

void write_page(const std::filesystem::path& file, const Json& view, const PageParams& params) {
  write_file_atomically(file, page(view, params));
}

}  // namespace snac::report
