// HDF5 layouts: ours, the published 150-particle files (Zenodo 3602260), plain tables.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <filesystem>
#include <functional>

#include "checks.hpp"
#include "feature_sink.hpp"
#include "formats.hpp"
#include "hdf5_file.hpp"
#include "isolated.hpp"
#include "snac/core/error.hpp"
#include "snac/core/interrupt.hpp"
#include "snac/core/progress.hpp"

namespace snac::data {
namespace {

constexpr const char* kPublishedParticles = "jetConstituentList";
constexpr const char* kPublishedNames = "particleFeatureNames";
const std::vector<std::string> kPublishedColumns{"px",        "py",           "pz",      "e",   "e_rel",   "pt",      "pt_rel",
                                                 "eta",       "eta_rel",      "eta_rot", "phi", "phi_rel", "phi_rot", "delta_r",
                                                 "cos_theta", "cos_theta_rel"};
const std::vector<std::string> kPublishedClasses{"g", "q", "W", "Z", "t"};

/// What one file holds, found without reading its features.
struct Layout {
  std::string features;  ///< name of the array
  std::vector<std::size_t> shape;
  std::vector<std::string> columns, class_names;
  std::vector<std::uint8_t> labels;
  std::size_t label_width = 0;  ///< of one-hot labels, else 0

  int slots() const { return shape.size() == 3 ? static_cast<int>(shape[1]) : 0; }
};

std::string find_features(const Hdf5File& file, const ReadParams& params) {
  if (!params.dataset.empty()) {
    if (file.has(params.dataset)) return params.dataset;
    throw ConfigError("an HDF5 file does not have the array asked for", {.where = file.path(),
                                                                         .found = "no '" + params.dataset + "'",
                                                                         .expected = "one of " + list_text(file.names()),
                                                                         .hint = suggest(params.dataset, file.names())});
  }
  for (const char* name : {"constituents", kPublishedParticles, "features"}) {
    if (file.has(name)) return name;
  }
  throw DataError(
      "an HDF5 file has no known layout",
      {.where = file.path(),
       .found = "arrays " + list_text(file.names()),
       .expected = "'constituents' (rows, constituents, columns), 'jetConstituentList' or 'features' (rows, columns), and 'label'",
       .hint = "rename the arrays, or name the array of features"});
}

void check_features(const Hdf5Array& array) {
  const auto& shape = array.shape();
  if (shape.size() != 2 && shape.size() != 3) {
    throw DataError(
        "features have the wrong shape",
        {.where = array.where(), .found = shape_text(shape), .expected = "(rows, columns) or (rows, constituents, columns)", .hint = {}});
  }
  for (std::size_t d = 1; d < shape.size(); ++d) {
    if (shape[d] == 0 || shape[d] > INT_MAX) {
      throw DataError("features have the wrong shape",
                      {.where = array.where(), .found = shape_text(shape), .expected = "at least one column", .hint = {}});
    }
  }
}

/// Names of the columns from the attributes of the file, of the array, or the published list.
std::vector<std::string> find_columns(const Hdf5File& file, const std::string& name, const std::vector<std::size_t>& shape) {
  const std::size_t count = shape.back();
  std::vector<std::string> names;
  if (name == kPublishedParticles) {
    if (shape.size() != 3 || count != kPublishedColumns.size()) {
      throw DataError("jetConstituentList has the wrong shape",
                      {.where = file.path() + ": " + name, .found = shape_text(shape), .expected = "(rows, constituents, 16)", .hint = {}});
    }
    const auto written = file.text_array(kPublishedNames);  // a 17th name, j1_pdgid, belongs to no column
    for (std::size_t c = 0; c < std::min(written.size(), count); ++c) {
      if (canonical_column(written[c]) == kPublishedColumns[c]) continue;
      throw DataError("jetConstituentList has its columns in another order",
                      {.where = fmt::format("{}: {}: name {}", file.path(), kPublishedNames, c),
                       .found = written[c],
                       .expected = kPublishedColumns[c],
                       .hint = "write the file in our layout with an attribute constituent_names"});
    }
    return kPublishedColumns;
  }
  std::string singular = name;
  if (singular.size() > 1 && singular.back() == 's') singular.pop_back();
  for (const std::string& attribute : {singular + "_names", name + "_names"}) {
    if (names.empty()) names = file.text_attribute(attribute);
    if (names.empty()) names = file.text_attribute(attribute, name);
  }
  if (names.empty()) return numbered_columns(count);
  if (names.size() != count) {
    throw DataError("column names and columns disagree",
                    {.where = file.path() + ": attribute " + singular + "_names",
                     .found = fmt::format("{} names: {}", names.size(), list_text(names)),
                     .expected = fmt::format("{} names, as '{}' has shape {}", count, name, shape_text(shape)),
                     .hint = {}});
  }
  if (shape.size() == 3) {
    for (auto& each : names) each = canonical_column(each);
  }
  return names;
}

void check_rows(const Hdf5Array& labels, const Layout& layout) {
  if (!labels.shape().empty() && labels.rows() == layout.shape[0]) return;
  throw DataError("features and labels have different numbers of rows",
                  {.where = labels.where(),
                   .found = shape_text(labels.shape()),
                   .expected = fmt::format("{} rows, as '{}' has", layout.shape[0], layout.features),
                   .hint = {}});
}

void read_published_labels(const Hdf5File& file, Layout& layout) {
  const Hdf5Array jets = file.array("jets");
  check_rows(jets, layout);
  constexpr std::size_t kFromEnd = 6;  // the five one-hot columns and one more behind them
  if (jets.shape().size() != 2 || jets.shape()[1] < kFromEnd) {
    throw DataError("'jets' has the wrong shape", {.where = jets.where(),
                                                   .found = shape_text(jets.shape()),
                                                   .expected = "(rows, 6 or more columns): one-hot g, q, W, Z, t in columns [-6, -1)",
                                                   .hint = {}});
  }
  layout.label_width = kPublishedClasses.size();
  layout.class_names = kPublishedClasses;
  std::vector<double> values;
  const Extent box[] = {{0, jets.rows()}, {jets.shape()[1] - kFromEnd, layout.label_width}};
  jets.read(box, values);
  layout.labels = labels_from_one_hot(values, layout.label_width, jets.where() + " columns [-6, -1)");
}

void read_labels(const Hdf5File& file, Layout& layout) {
  const char* name = file.has("label") ? "label" : "labels";
  if (!file.has(name)) {
    if (file.has("jets") && file.has(kPublishedParticles)) return read_published_labels(file, layout);
    throw DataError(
        "an HDF5 file has no labels",
        {.where = file.path(), .found = "arrays " + list_text(file.names()), .expected = "an array 'label' (rows)", .hint = {}});
  }
  const Hdf5Array array = file.array(name);
  check_rows(array, layout);
  const auto& shape = array.shape();
  if (shape.size() > 2 || (shape.size() == 2 && (shape[1] == 0 || shape[1] > 256))) {
    throw DataError(
        "labels have the wrong shape",
        {.where = array.where(), .found = shape_text(shape), .expected = "(rows) integers or (rows, classes) one-hot", .hint = {}});
  }
  std::vector<double> values;
  std::vector<Extent> box;
  for (const std::size_t length : shape) box.push_back({0, length});
  array.read(box, values);
  if (shape.size() == 2 && shape[1] > 1) {
    layout.label_width = shape[1];
    layout.labels = labels_from_one_hot(values, shape[1], array.where());
  } else {
    layout.labels = labels_from_numbers(values, array.where());
  }
  layout.class_names = file.text_attribute("classes");
}

/// Files without these attributes are read by their layout alone.
void check_format(const Hdf5File& file) {
  if (file.text_attribute("format") != std::vector<std::string>{std::string(kDatasetFormat.magic)}) return;
  const auto version = file.text_attribute("format_version");
  int number = 0;
  const std::string text = version.empty() ? "" : version[0];
  std::from_chars(text.data(), text.data() + text.size(), number);
  if (number >= kDatasetFormat.oldest_readable && number <= kDatasetFormat.version) return;
  throw DataError("a data set has a version that this program does not read",
                  {.where = file.path() + ": attribute format_version",
                   .found = excerpt(text),
                   .expected = fmt::format("{} to {}", kDatasetFormat.oldest_readable, kDatasetFormat.version),
                   .hint = "use a newer snac"});
}

Layout find_layout(const Hdf5File& file, const ReadParams& params) {
  check_format(file);
  Layout layout;
  layout.features = find_features(file, params);
  const Hdf5Array array = file.array(layout.features);
  check_features(array);
  layout.shape = array.shape();
  layout.columns = find_columns(file, layout.features, layout.shape);
  if (layout.shape[0] == 0) {
    throw DataError("a data set has no rows",
                    {.where = array.where(), .found = shape_text(layout.shape), .expected = "at least one row", .hint = {}});
  }
  if (layout.features == kPublishedParticles && file.has("jets"))
    read_published_labels(file, layout);
  else
    read_labels(file, layout);
  return layout;
}

void read_features(const Hdf5File& file, const Layout& layout, RowRange rows, FeatureSink& sink, const std::function<void()>& after_block) {
  const Hdf5Array array = file.array(layout.features);
  std::vector<Extent> box(layout.shape.size());
  std::size_t row_bytes = size_of(array.type().element);
  for (std::size_t d = 1; d < box.size(); ++d) {
    box[d] = {0, d == 1 && layout.slots() > 0 ? sink.slots_needed() : layout.shape[d]};
    row_bytes = checked_product(row_bytes, box[d].count, array.where());
  }
  const std::size_t step = array.rows_per_block(row_bytes);
  std::vector<float> block;
  for (std::size_t row = rows.first; row < rows.last;) {
    throw_if_interrupted();
    const std::size_t last = std::min(rows.last, row / step * step + step);  // blocks begin where chunks begin
    box[0] = {row, last - row};
    array.read(box, block);
    sink.append(block, row, array.where());
    after_block();
    row = last;
  }
}

void check_same_layout(const Layout& layout, const Layout& first, const std::string& file, const std::string& first_file) {
  if (layout.slots() == first.slots() && layout.columns == first.columns && layout.class_names == first.class_names &&
      layout.label_width == first.label_width) {
    return;
  }
  throw DataError("the files of a folder have different layouts",
                  {.where = file,
                   .found = fmt::format("'{}' {}, columns {}", layout.features, shape_text(layout.shape), list_text(layout.columns)),
                   .expected = fmt::format("as in {}: {} constituents, columns {}, the same classes", first_file, first.slots(),
                                           list_text(first.columns)),
                   .hint = "keep files of one kind in a folder"});
}

/// Child side: the head of the data set, the labels, then features block by block.
void send_hdf5(const std::vector<std::string>& files, const std::string& source, const ReadParams& params, PipeWriter& out) {
  RawDataset part;
  part.source = source;
  std::vector<Layout> layouts;
  std::vector<std::uint8_t> labels;
  for (const auto& path : files) {
    throw_if_interrupted();
    layouts.push_back(find_layout(Hdf5File(path), params));
    check_same_layout(layouts.back(), layouts.front(), path, files.front());
    labels.insert(labels.end(), layouts.back().labels.begin(), layouts.back().labels.end());
    layouts.back().labels = {};
  }
  const Layout& first = layouts.front();
  part.class_names = resolve_classes(first.class_names, first.label_width, labels, params, source);
  const RowRange rows = wanted_rows(labels.size(), params, source);
  FeatureSink sink(first.slots(), first.columns, params, source, part);
  sink.check_size(rows.size());

  out.texts(part.columns);
  out.texts(part.class_names);
  out.number(static_cast<std::uint64_t>(part.slots));
  out.number(static_cast<std::uint64_t>(part.slots_in_file));
  out.number(rows.size());
  out.bytes(labels.data() + rows.first, rows.size());
  std::size_t before = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::size_t count = layouts[i].shape[0];
    const RowRange wanted{std::clamp(rows.first, before, before + count) - before, std::clamp(rows.last, before, before + count) - before};
    before += count;
    if (wanted.size() == 0) continue;
    read_features(Hdf5File(files[i]), layouts[i], wanted, sink, [&part, &out] {
      out.bytes(part.features.data(), part.features.size() * sizeof(float));
      part.features.clear();
    });
  }
}

/// Parent side. The sizes were checked by the child; they are checked again, since its memory may be broken.
RawDataset receive_hdf5(PipeReader& in, const std::string& source, const ReadParams& params) {
  RawDataset out;
  out.source = source;
  out.columns = in.texts();
  out.class_names = in.texts();
  out.slots = static_cast<int>(in.number());
  out.slots_in_file = static_cast<int>(in.number());
  out.min_pt = out.slots > 0 ? params.min_pt : 0;
  const std::size_t rows = in.number();
  if (out.slots < 0 || out.columns.empty()) throw PipeReader::PipeEnded{};
  const std::size_t values = checked_product(rows, out.row_width(), source);
  check_fits_memory(checked_product(values, sizeof(float), source), source);
  out.labels.resize(rows);
  in.bytes(out.labels.data(), rows);
  for (const std::uint8_t label : out.labels) {
    if (label >= out.class_names.size()) throw PipeReader::PipeEnded{};
  }
  out.features.resize(values);
  constexpr std::size_t kMegabyte = 1'000'000, kBlock = kMegabyte / sizeof(float);
  Progress progress("reading " + source, values / kBlock, "MB", 0, kQuietSeconds);
  for (std::size_t at = 0; at < values; at += kBlock) {
    in.bytes(out.features.data() + at, std::min(kBlock, values - at) * sizeof(float));
    progress.reach(at / kBlock);
  }
  progress.reach(values / kBlock);
  return out;
}

/// Far more than a slow machine needs; enough to tell a file on which the library runs in circles.
std::uint64_t cpu_limit(const std::vector<std::string>& files) {
  std::uint64_t bytes = 0;
  for (const auto& file : files) {
    std::error_code code;
    const std::uint64_t size = std::filesystem::file_size(file, code);
    if (!code) bytes += size;
  }
  constexpr std::uint64_t kStartSeconds = 5, kBytesPerSecond = 500'000;
  return kStartSeconds + bytes / kBytesPerSecond;
}

}  // namespace

RawDataset read_hdf5(const std::vector<std::string>& files, const std::string& source, const ReadParams& params) {
  const Hdf5Session session;
  RawDataset out;
  run_isolated([&](PipeWriter& pipe) { send_hdf5(files, source, params, pipe); },
               [&](PipeReader& pipe) { out = receive_hdf5(pipe, source, params); }, cpu_limit(files), source);
  return out;
}

}  // namespace snac::data
