// What every page has: head, navigation, style, data, library and script around its own content.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "snac/core/json.hpp"

namespace snac::report {

struct PageContent {
  std::string title;                                          ///< text
  std::vector<std::pair<std::string, std::string>> sections;  ///< id and title, as HTML
  std::string main;                                           ///< HTML
  std::string script;                                         ///< ours
  int refresh_seconds = 0;                                    ///< 0 = never
};

std::string framed(const PageContent& content, const Json& data);

}  // namespace snac::report
