#include "snac/core/text_layout.hpp"

#include <algorithm>

namespace snac {
namespace {

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

/// Bytes of the first `width` columns.
std::size_t bytes_of(std::string_view text, std::size_t width) {
  std::size_t at = 0;
  for (std::size_t seen = 0; at < text.size(); ++at) {
    if (starts_character(text[at]) && ++seen > width) break;
  }
  return at;
}

/// Where to cut a word that is wider than `width` columns.
std::size_t cut_of(std::string_view word, std::size_t width) {
  const std::size_t most = bytes_of(word, width);
  const std::size_t soft = word.substr(0, most).find_last_of("-,/=_|");
  return soft == std::string_view::npos || soft == 0 ? most : soft + 1;
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::vector<std::string> wrap_text(std::string_view text, std::size_t width, LongWords long_words) {
  width = std::max<std::size_t>(width, 1);
  std::vector<std::string> lines(1);
  std::size_t used = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == ' ') {
      ++at;
      continue;
    }
    const std::size_t end = std::min(text.find(' ', at), text.size());
    std::string_view word = text.substr(at, end - at);
    at = end;
    const std::size_t gap = lines.back().empty() ? 0 : 1;
    if (used + gap + columns_of(word) <= width) {
      lines.back() += std::string(gap, ' ') + std::string(word);
      used += gap + columns_of(word);
      continue;
    }
    if (gap > 0) lines.emplace_back();
    while (long_words == LongWords::split && columns_of(word) > width) {
      const std::size_t cut = cut_of(word, width);
      lines.back() = word.substr(0, cut);
      lines.emplace_back();
      word.remove_prefix(cut);
    }
    lines.back() = word;
    used = columns_of(word);
  }
  return lines;
}

std::string cut_text(std::string_view text, std::size_t width) {
  if (columns_of(text) <= width) return std::string(text);
  if (width < 3) return std::string(text.substr(0, bytes_of(text, width)));
  return std::string(text.substr(0, bytes_of(text, width - 3))) + "...";
}

std::string wrap_lines(std::string_view text, std::size_t width) {
  if (width == 0) return std::string(text);
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
    const bool laid_out = line.find('\x1b') != std::string_view::npos;  // a header, in bold
    if (laid_out || columns_of(line) <= width || width <= indent + 4) {
      out += line;
    } else {
      // The first line takes the words that fit, blanks between them as they are.
      const std::string_view words = line.substr(indent);
      std::size_t cut = bytes_of(words, width - indent);
      if (words[cut] != ' ') {
        const std::size_t blank = words.rfind(' ', cut);
        cut = blank != std::string_view::npos && blank > 0 ? blank : std::min(words.find(' ', cut), words.size());
      }
      out += std::string(indent, ' ') + std::string(words.substr(0, cut));
      for (const std::string& each : wrap_text(words.substr(cut), width - indent - 2, LongWords::keep)) {
        if (!each.empty()) out += "\n" + std::string(indent + 2, ' ') + each;
      }
    }
    if (end != std::string_view::npos) out += "\n";
  }
  return out;
}

}  // namespace snac
