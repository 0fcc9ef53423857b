// Text into HTML without a way out of its place.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "snac/core/json.hpp"

namespace snac::report {

/// For element content and quoted attributes.
std::string escape_html(std::string_view text);

/// JSON for a script element: nothing in it can end the element or open a comment, and it parses to the same value.
std::string script_json(const Json& json);

/// Replaces each {{name}} of the template once, left to right: what is put in is not looked at again.
/// @throws std::logic_error for a name without a part.
std::string fill(std::string_view html, const std::map<std::string, std::string>& parts);

/// A table with row headers in the first column; cells and caption are HTML already. No header: columns without names.
std::string table(const std::string& caption, const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows);

}  // namespace snac::report
