#include "snac/flow/published.hpp"

#include <map>

#include "snac/core/error.hpp"

namespace snac::flow {

std::map<std::string, std::string> published_files();  // generated from published/

std::vector<std::pair<std::string, std::string>> known_experiments() {
  std::vector<std::pair<std::string, std::string>> experiments;
  for (const auto& [file, text] : published_files()) {
    const Json facts = parse_json(text, file);
    experiments.emplace_back(json_get<std::string>(facts, "name", file), json_get<std::string>(facts, "title", file));
  }
  return experiments;
}

Json published_experiment(const std::string& name) {
  const auto files = published_files();
  if (const auto found = files.find(name + ".json"); found != files.end()) return parse_json(found->second, found->first);
  std::vector<std::string> names;
  std::string list;
  for (const auto& [known, title] : known_experiments()) {
    names.push_back(known);
    list += (list.empty() ? "" : ", ") + known + " (" + title + ")";
  }
  throw ConfigError("there is no such experiment",
                    {.where = "snac reproduce", .found = "'" + name + "'", .expected = "one of " + list, .hint = suggest(name, names)});
}

}  // namespace snac::flow
