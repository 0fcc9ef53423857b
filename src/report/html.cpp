#include "html.hpp"

#include <stdexcept>

namespace snac::report {

std::string escape_html(std::string_view text) {
  std::string html;
  for (const char c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

std::string script_json(const Json& json) {
  // Angle brackets and ampersands stand in strings only, where an escape means the same.
  std::string safe;
  for (const char c : json.dump(-1, ' ', false, Json::error_handler_t::replace)) {
    if (c == '<')
      safe += "\\u003c";
    else if (c == '>')
      safe += "\\u003e";
    else if (c == '&')
      safe += "\\u0026";
    else
      safe += c;
  }
  return safe;
}

std::string fill(std::string_view html, const std::map<std::string, std::string>& parts) {
  std::string text;
  for (std::size_t at = 0;;) {
    const std::size_t open = html.find("{{", at), close = html.find("}}", open);
    if (open == std::string_view::npos || close == std::string_view::npos) return text.append(html.substr(at));
    const std::string name(html.substr(open + 2, close - open - 2));
    const auto part = parts.find(name);
    if (part == parts.end()) throw std::logic_error("page template: no part '" + name + "'");
    text.append(html.substr(at, open - at)).append(part->second);
    at = close + 2;
  }
}

std::string table(const std::string& caption, const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows) {
  std::string html =
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"" + caption + "\"><table><caption>" + caption + "</caption>";
  if (!header.empty()) {
    html += "<thead><tr>";
    for (const auto& cell : header) html += "<th scope=\"col\">" + cell + "</th>";
    html += "</tr></thead>";
  }
  html += "<tbody>\n";
  for (const auto& row : rows) {
    html += "<tr>";
    for (std::size_t k = 0; k < row.size(); ++k) html += k == 0 ? "<th scope=\"row\">" + row[k] + "</th>" : "<td>" + row[k] + "</td>";
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

}  // namespace snac::report
