#include "snac/flow/surrogate_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/core/interrupt.hpp"
#include "snac/core/log.hpp"
#include "snac/core/progress.hpp"
#include "snac/core/rng.hpp"
#include "snac/core/thread_pool.hpp"
#include "snac/cost/surrogate_rows.hpp"
#include "snac/flow/design.hpp"
#include "snac/flow/estimation.hpp"
#include "snac/flow/trial_circuit.hpp"
#include "snac/flow/trial_training.hpp"
#include "snac/toolchain/yosys.hpp"

namespace snac::flow {
namespace {

constexpr const char* kTop = "snac_top";

template <class T>
void check(const char* field, T value, T min, T max) {
  if (value >= min && value <= max) return;
  throw ConfigError("surrogate data cannot be made so",
                    {.where = field, .found = fmt::format("{}", value), .expected = fmt::format("{} to {}", min, max), .hint = {}});
}

template <class T>
void check(const char* field, const SurrogateDataParams::Range<T>& range, T min, T max) {
  check(field, range.low, min, max);
  check(field, range.high, range.low, max);
}

template <class T>
Json range_json(const SurrogateDataParams::Range<T>& range) {
  return Json::array({range.low, range.high});
}

int draw(const SurrogateDataParams::Range<int>& range, Rng& rng) {
  return range.low + static_cast<int>(rng.below(static_cast<std::uint64_t>(range.high - range.low) + 1));
}

TargetConfig draw_target(const TargetConfig& base, const SurrogateDataParams& params, Rng& rng) {
  TargetConfig target = base;
  target.pipelining = circuit::Pipelining::levels;
  target.precision.weight_bits = draw(params.weight_bits, rng);
  target.precision.activation_bits = draw(params.activation_bits, rng);
  target.sparsity = rng.uniform(params.sparsity.low, params.sparsity.high);
  target.adders_per_stage = draw(params.adders_per_stage, rng);
  target.reuse_factor = params.reuse_factors[static_cast<std::size_t>(rng.below(params.reuse_factors.size()))];
  target.multiplier = rng.chance(0.5) ? circuit::Multiplier::dsp : circuit::Multiplier::lut;
  const double output = rng.uniform();
  target.output = output < params.argmax_share                          ? fixed::OutputKind::argmax
                  : output < params.argmax_share + params.softmax_share ? fixed::OutputKind::softmax
                                                                        : fixed::OutputKind::logits;
  return target;
}

class Generator {
 public:
  Generator(const Study& study, const SurrogateDataParams& params)
      : study_(study), params_(params), calibration_(calibration_of(study.config())) {}

  /// Lines of one network; empty if it has none.
  std::string lines(int index) const {
    const std::string name = fmt::format("{}-{}", params_.seed, index);
    Rng rng = Rng::stream(params_.seed, "surrogate network", static_cast<std::uint64_t>(index));
    space::Genome genome;
    for (const std::int32_t choices : study_.space().cardinality())
      genome.push_back(static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(choices))));
    const space::Candidate candidate = study_.space().candidate(genome);
    const data::Split& split = study_.splits().front();
    nn::TrainParams training = training_of(study_.config(), candidate);
    training.seed = derive_seed(params_.seed, "surrogate training " + name);
    Rng weights = Rng::stream(training.seed, "init");
    nn::Mlp mlp = nn::make_mlp(candidate.arch, weights);
    std::string text;
    try {
      nn::train(mlp, study_.train(), split.train, split.validation, training);
      for (int k = 0; k < params_.targets; ++k) {
        throw_if_interrupted();
        const TargetConfig target = draw_target(study_.config().target, params_, rng);
        text += line(name, candidate.arch, mlp, target, training.seed, k == 0 && index < params_.synthesised);
      }
    } catch (const nn::DivergedError& error) {
      spdlog::warn("surrogate data: network {} ({}) is left out: {}", name, space::summary(candidate.arch), error.summary());
      return {};
    }
    return text;
  }

  std::string header() const {
    const StudyConfig& config = study_.config();
    Json origin{{"study", study_.name()},
                {"configuration", stage_key(config, "surrogate", {"seed", "data", "space", "search", "target"})},
                {"training_rows", study_.splits().front().train.size()},
                {"parameters", to_json(params_)}};
    return cost::surrogate_rows_header(origin, "circuit, calibrated on " + calibration_.tool);
  }

 private:
  std::string line(const std::string& name, const space::ArchSpec& arch, const nn::Mlp& mlp, const TargetConfig& target, std::uint64_t seed,
                   bool synthesise) const {
    const ShortCompression compressed = compress_shortly(mlp, 0, seed, study_, target);
    const Design hardware = design(compressed.net, target, calibration_);
    const cost::Resources& used = hardware.resources();
    if (used.lut <= 0) {
      spdlog::warn("surrogate data: network {} ({}) is left out at {}: nothing of it is left", name, space::summary(arch),
                   compress::to_string(target.precision));
      return {};
    }
    cost::SurrogateRow row{.network = name,
                           .arch = arch,
                           .target = hardware_target(target),
                           .lut = used.lut,
                           .ff = used.ff,
                           .dsp = used.dsp,
                           .bram18 = used.bram18,
                           .latency_cycles = hardware.latency(),
                           .initiation_interval = hardware.initiation_interval(),
                           .synthesised_lut = {},
                           .synthesised_ff = {}};
    if (synthesise) {
      const TemporaryDirectory folder("snac-surrogate");
      const codegen::Files files = hardware.verilog({.top = kTop});
      for (const auto& [file, content] : files) write_file_atomically(folder.path() / file, content);
      const auto result = toolchain::synthesize_with_yosys(
          {.top = kTop, .sources = codegen::source_names(files), .directory = folder.path(), .family = study_.device().yosys_family});
      row.synthesised_lut = static_cast<double>(result.lut);
      row.synthesised_ff = static_cast<double>(result.ff);
    }
    return cost::to_line(row) + "\n";
  }

  const Study& study_;
  SurrogateDataParams params_;
  cost::Calibration calibration_;
};

struct Known {
  std::size_t bytes = 0;  ///< of the header and complete networks
  int networks = 0;       ///< the next one's number
};

/// What an earlier call has left. Its last network may be unfinished and is done again.
Known known_part(const std::string& path, const std::string& header) {
  const std::string text = read_file(path);
  const std::size_t first = text.find('\n');
  if (first == std::string::npos || text.substr(0, first) != header) {
    throw DataError("the file holds surrogate data of another collection",
                    {.where = path,
                     .found = fmt::format("{:.200}", text.substr(0, first)),
                     .expected = fmt::format("{:.200}", header),
                     .hint = "write to another file; 'snac surrogate train' takes several"});
  }
  Known known{.bytes = first + 1};
  std::string last;
  for (std::size_t begin = first + 1, end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string where = path + ": a row";
    const auto name = json_get<std::string>(parse_json(std::string_view(text).substr(begin, end - begin), where), "network", where);
    if (name == last) continue;
    last = name;
    known.bytes = begin;
    known.networks = std::stoi(name.substr(name.find('-') + 1));
  }
  return known;
}

}  // namespace

void SurrogateDataParams::validate() const {
  check("networks", networks, 1, 1'000'000);
  check("targets", targets, 1, 1000);
  check("weight bits", weight_bits, 2, 16);
  check("activation bits", activation_bits, 2, 16);
  check("sparsity", sparsity, 0.0, 0.99);
  check("adders per stage", adders_per_stage, 1, 1000);
  if (reuse_factors.empty())
    throw ConfigError("surrogate data cannot be made so",
                      {.where = "reuse factors", .found = "none", .expected = "at least one", .hint = {}});
  for (const int factor : reuse_factors) check("reuse factors", factor, 1, circuit::kMaxReuseFactor);
  check("argmax share", argmax_share, 0.0, 1.0);
  check("softmax share", softmax_share, 0.0, 1 - argmax_share);
  check("synthesised", synthesised, 0, networks);
}

Json to_json(const SurrogateDataParams& params) {
  return {{"targets", params.targets},
          {"seed", params.seed},
          {"weight_bits", range_json(params.weight_bits)},
          {"activation_bits", range_json(params.activation_bits)},
          {"sparsity", range_json(params.sparsity)},
          {"adders_per_stage", range_json(params.adders_per_stage)},
          {"reuse_factors", params.reuse_factors},
          {"argmax_share", params.argmax_share},
          {"softmax_share", params.softmax_share},
          {"synthesised", params.synthesised}};
}

int generate_surrogate_data(const Study& study, const SurrogateDataParams& params, const std::string& path) {
  params.validate();
  const Generator generator(study, params);
  const std::string header = generator.header();
  Known known{.bytes = header.size() + 1};
  if (std::filesystem::exists(path))
    known = known_part(path, header);
  else
    write_file_atomically(path, header + "\n");
  std::filesystem::resize_file(path, known.bytes);
  std::ofstream file(path, std::ios::binary | std::ios::app);
  const auto total = static_cast<std::size_t>(params.networks), first = std::min(total, static_cast<std::size_t>(known.networks));
  Progress progress("surrogate data", total, "networks", first);
  int rows = 0;
  const auto block = static_cast<std::size_t>(8 * study.threads());  // lines are written in order, a block at a time
  for (std::size_t begin = first; begin < total; begin += block) {
    std::vector<std::string> lines(std::min(block, total - begin));
    parallel_for(lines.size(), study.threads(), [&](std::size_t i, int) {
      throw_if_interrupted();
      lines[i] = generator.lines(static_cast<int>(begin + i));
      progress.advance(1);
    });
    for (const std::string& text : lines) {
      file << text;
      rows += static_cast<int>(std::count(text.begin(), text.end(), '\n'));
    }
    if (!file.flush())
      throw IoError("surrogate data cannot be written", {.where = path, .found = {}, .expected = {}, .hint = "disk full?"});
  }
  return rows;
}

}  // namespace snac::flow
