#include "snac/report/page.hpp"

#include "embedded.hpp"
#include "frame.hpp"
#include "html.hpp"
#include "snac/core/files.hpp"
#include "summary.hpp"

namespace snac::report {

std::string page(const Json& view, const PageParams& params) {
  return framed({.title = view["study"].get<std::string>(),
                 .sections = {{"summary", "Summary"},
                              {"search", "Search"},
                              {"local-search", "Local search"},
                              {"hardware", "Hardware"},
                              {"parameters", "Parameters"},
                              {"provenance", "Provenance"}},
                 .main = fill(page_files().at("study.html"),
                              {{"headline", headline(view)}, {"final_table", final_table(view)}, {"provenance", provenance(view)}}),
                 .script = script_files().at("script.js"),
                 .refresh_seconds = params.refresh_seconds},
                view);
}

void write_page(const std::filesystem::path& file, const Json& view, const PageParams& params) {
  write_file_atomically(file, page(view, params));
}

}  // namespace snac::report
