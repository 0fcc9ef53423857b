#include "report_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>

#include "snac/core/error.hpp"
#include "snac/core/files.hpp"

namespace snac::toolchain {
namespace {

constexpr std::string_view kBlanks = " \t\r\v\f";
constexpr std::int64_t kLargestCount = std::int64_t{1} << 53;

bool is_absent(std::string_view cell) {
  for (const char* word : {"", "-", "_", "NA", "?", "undef", "x", "n/a"}) {
    if (cell == word) return true;
  }
  return cell.starts_with("N/A");
}

/// What a cell starts with before a share in brackets, a capacity or a unit.
std::string_view number_part(std::string_view cell) {
  const std::size_t end = cell.find_first_of(" (/%");
  return end == std::string_view::npos ? cell : cell.substr(0, end);
}

std::string without_commas(std::string_view text) {
  std::string digits(text);
  std::erase(digits, ',');
  return digits;
}

template <class T>
bool read_all(const std::string& text, T& value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end;
}

template <class T>
void put(Json& json, const char* key, const std::optional<T>& figure) {
  if (figure) json[key] = *figure;
}
void put(Json& json, const char* key, const std::string& text) {
  if (!text.empty()) json[key] = text;
}
void put(Json& json, const char* key, const Cycles& cycles) {
  Json range = Json::object();
  put(range, "min", cycles.min);
  put(range, "max", cycles.max);
  if (!range.empty()) json[key] = std::move(range);
}
void put(Json& json, const char* key, const ReportedResources& resources) {
  if (!resources.empty()) json[key] = to_json(resources);
}

}  // namespace

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t begin = text.find_first_not_of(kBlanks); begin != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(kBlanks, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(kBlanks, end);
  }
  return words;
}

std::string plain_name(std::string_view text) {
  std::string name(trim(text).substr(0, 200));
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return name;
}

ReportLines::ReportLines(const std::string& text, const std::string& where, const char* kind) : rest_(text), where_(where), kind_(kind) {
  const auto refuse = [&](const std::string& found, const std::string& hint = {}) {
    throw DataError("not a readable report", {.where = where, .found = found, .expected = std::string(kind) + " as text", .hint = hint});
  };
  if (text.size() > kMaxReportBytes) refuse(std::to_string(text.size()) + " bytes, more than any report");
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) refuse("UTF-16", "save it as UTF-8 or ASCII");
  if (text.find('\0') != std::string::npos) refuse("zero bytes: a binary file");
  if (text.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);
}

bool ReportLines::next() {
  if (rest_.empty()) return false;
  const std::size_t end = std::min(rest_.find('\n'), rest_.size());
  line_ = rest_.substr(0, end);
  ended_ = end < rest_.size();
  if (line_.ends_with('\r')) line_.remove_suffix(1);
  rest_.remove_prefix(std::min(end + 1, rest_.size()));
  ++number_;
  return true;
}

std::vector<std::string_view> ReportLines::cells() const {
  std::string_view row = trim(line_);
  if (!row.starts_with('|') && !row.starts_with(';')) return {};
  const char bar = row.front();
  row.remove_prefix(1);
  std::vector<std::string_view> cells;
  for (std::size_t end = row.find(bar); end != std::string_view::npos; end = row.find(bar)) {
    cells.push_back(trim(row.substr(0, end)));
    row.remove_prefix(end + 1);
  }
  // The headers of Vivado's reports ("| Tool Version : ...") have one bar; a table's row ends with one.
  if (!cells.empty() && !row.empty()) fail("a row without its end: '" + plain_name(line_) + "'", "a row that ends with a bar");
  return cells;
}

std::optional<std::string_view> ReportLines::value_of(std::string_view key) const {
  std::string_view text = line_;
  while (!text.empty() && (text.front() == '|' || text.front() == '*' || kBlanks.find(text.front()) != std::string_view::npos))
    text.remove_prefix(1);
  if (!text.starts_with(key)) return {};
  text = trim(text.substr(key.size()));
  if (!text.starts_with(':')) return {};
  return trim(text.substr(1));
}

void ReportLines::require_whole_line() const {
  if (!ended_ && !trim(line_).ends_with('|')) fail("the end of the file in '" + plain_name(line_) + "'", "a whole line");
}

Figure ReportLines::count(std::string_view cell) const {
  require_whole_line();
  cell = trim(cell);
  if (is_absent(cell)) return {};
  std::int64_t value = 0;
  if (!read_all(without_commas(number_part(cell)), value) || value < 0 || value > kLargestCount) {
    fail("'" + plain_name(cell) + "'", "a whole number");
  }
  return value;
}

RealFigure ReportLines::real(std::string_view cell) const {
  require_whole_line();
  cell = trim(cell);
  if (is_absent(cell)) return {};
  if (cell.starts_with('+')) cell.remove_prefix(1);
  const std::string text = without_commas(number_part(cell));
  for (const char* infinite : {"inf", "INF", "Inf", "-inf", "-INF"}) {
    if (text == infinite) return {};
  }
  double value = 0;
  if (!read_all(text, value) || !std::isfinite(value) || std::fabs(value) > 1e15) fail("'" + plain_name(cell) + "'", "a number");
  return value;
}

Cycles ReportLines::cycles(std::string_view cell) const {
  const std::size_t tilde = cell.find('~');
  if (tilde == std::string_view::npos) {
    const Figure both = count(cell);
    return {both, both};
  }
  return {count(cell.substr(0, tilde)), count(cell.substr(tilde + 1))};
}

void ReportLines::fail(const std::string& found, const std::string& expected) const {
  throw DataError(std::string("cannot read ") + kind_, {.where = where_ + (number_ > 0 ? ":" + std::to_string(number_) : ""),
                                                        .found = found,
                                                        .expected = expected,
                                                        .hint = "was the file cut off?"});
}

void ReportLines::not_a_report(const std::string& expected) const {
  throw DataError(std::string("this is not ") + kind_, {.where = where_,
                                                        .found = std::to_string(number_) + " lines without it",
                                                        .expected = expected,
                                                        .hint = "was the file cut off, or is it another report?"});
}

bool ReportedResources::empty() const { return to_json(*this).empty(); }

RealFigure TimingReport::achieved_mhz() const {
  if (!period_ns || !wns_ns || *period_ns - *wns_ns <= 0) return {};
  return 1000 / (*period_ns - *wns_ns);
}

std::string read_report(const std::filesystem::path& path) {
  std::error_code code;
  const auto size = std::filesystem::file_size(path, code);
  if (!code && size > kMaxReportBytes) {
    throw DataError("not a readable report",
                    {.where = path.string(), .found = std::to_string(size) + " bytes, more than any report", .expected = {}, .hint = {}});
  }
  return read_file(path);
}

Json to_json(const ReportedResources& r) {
  Json json = Json::object();
  put(json, "lut", r.lut);
  put(json, "lut_logic", r.lut_logic);
  put(json, "lut_memory", r.lut_memory);
  put(json, "srl", r.srl);
  put(json, "ff", r.ff);
  put(json, "dsp", r.dsp);
  put(json, "bram18", r.bram18);
  put(json, "uram", r.uram);
  put(json, "alm", r.alm);
  put(json, "le", r.le);
  put(json, "ram_blocks", r.ram_blocks);
  put(json, "memory_bits", r.memory_bits);
  return json;
}

Json to_json(const UtilizationReport& r) {
  Json json = Json::object();
  put(json, "tool", r.tool);
  put(json, "design", r.design);
  put(json, "device", r.device);
  put(json, "state", r.state);
  put(json, "used", r.used);
  put(json, "available", r.available);
  return json;
}

Json to_json(const TimingReport& r) {
  Json json = Json::object();
  put(json, "tool", r.tool);
  put(json, "design", r.design);
  put(json, "device", r.device);
  put(json, "period_ns", r.period_ns);
  put(json, "wns_ns", r.wns_ns);
  put(json, "tns_ns", r.tns_ns);
  put(json, "whs_ns", r.whs_ns);
  put(json, "achieved_mhz", r.achieved_mhz());
  return json;
}

Json to_json(const HlsReport& r) {
  Json json = Json::object();
  put(json, "tool", r.tool);
  put(json, "top", r.top);
  put(json, "part", r.part);
  put(json, "target_ns", r.target_ns);
  put(json, "uncertainty_ns", r.uncertainty_ns);
  put(json, "estimated_ns", r.estimated_ns);
  put(json, "latency_cycles", r.latency);
  put(json, "interval_cycles", r.interval);
  put(json, "used", r.used);
  put(json, "available", r.available);
  return json;
}

Json to_json(const CosimReport& r) {
  Json json{{"rtl", r.rtl}, {"passed", r.passed}};
  put(json, "latency_cycles", r.latency);
  put(json, "interval_cycles", r.interval);
  put(json, "average_latency_cycles", r.average_latency);
  put(json, "total_cycles", r.total_cycles);
  return json;
}

}  // namespace snac::toolchain
