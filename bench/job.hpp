// One training to be timed: a network, how it is trained, and the run itself.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "jets.hpp"
#include "snac/core/json.hpp"
#include "snac/nn/trainer.hpp"
#include "snac/space/arch_spec.hpp"
#include "snac/space/search_space.hpp"

namespace snac::bench {

struct Job {
  std::vector<int> hidden;
  space::Activation activation = space::Activation::relu;
  bool batch_norm = false;
  double dropout = 0;
  double l1 = 0;
  double learning_rate = 1e-3;
  bool quantized = false;  ///< 8-bit grids, calibrated on the data
  bool masked = false;     ///< half of the weights pruned at random
  int batch = 128;
  std::uint64_t seed = 1;
  nn::Precision precision = nn::Precision::fp32;
};
Json to_json(const Job& job);
/// A candidate of a search space at batch 128.
Job job_of(const space::Candidate& candidate);
/// Members that are missing keep their defaults. @throws DataError
Job job_from_json(const Json& json);

/// A job made ready: fresh weights, grids and mask. run() always starts from these.
class PreparedJob {
 public:
  PreparedJob(const Job& job, const data::Dataset& data);
  /// One epoch over the rows, nothing validated. @returns the training loss.
  double run(std::span<const std::uint32_t> rows) const;
  /// Several epochs; @returns the trained network.
  nn::Mlp train(std::span<const std::uint32_t> rows, int epochs) const;
  const Job& job() const noexcept { return job_; }

 private:
  nn::TrainResult train(nn::Mlp& mlp, std::span<const std::uint32_t> rows, int epochs) const;

  Job job_;
  const data::Dataset& data_;
  nn::Mlp mlp_;
  std::unique_ptr<nn::NetQuantizer> quantizer_;
  std::vector<std::uint8_t> mask_;
};

}  // namespace snac::bench
