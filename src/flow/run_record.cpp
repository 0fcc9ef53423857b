#include "snac/flow/run_record.hpp"

#include "corrected_estimates.hpp"
#include "snac/flow/global_search.hpp"
#include "snac/flow/hardware.hpp"
#include "snac/flow/metrics.hpp"
#include "snac/flow/results.hpp"

namespace snac::flow {
namespace {

constexpr const char *kStage = "run", *kKey = "last";

}  // namespace

RunRecord::RunRecord(Study& study) : study_(study) {
  const StudyConfig& config = study.config();
  const cost::Device& device = study.device();
  Json metrics = Json::object();
  for (const Metric& metric : known_metrics())
    metrics[metric.name] = {{"maximise", metric.maximise}, {"unit", metric.unit}, {"help", metric.help}};
  record_ = {{"config_file", config.file},
             {"config", YAML::Dump(config.to_yaml())},
             {"objectives", objective_names(config)},
             {"compressed_objectives", compressed_metrics(config)},
             {"metrics", std::move(metrics)},
             {"device", {{"name", device.name}, {"lut", device.lut}, {"ff", device.ff}, {"dsp", device.dsp}, {"bram18", device.bram18}}},
             {"clock_ns", config.target.clock_ns},
             {"stages",
              {{"baseline", baseline_stage(config)}, {"local_search", local_search_stage(config)}, {"hardware", hardware_stage(config)}}}};
  if (config.search.recalibrate > 0 && config.search.hardware == HardwareFigures::estimate)
    record_["stages"]["search_circuits"] = kCorrectionStage;
  // What the same run chose before stands until it chooses again.
  const auto known = study.store().find_record(study.name(), kStage, kKey);
  if (known && known->is_object()) {
    stored_ = *known;
    for (const char* choice : {"select_reason", "choose_reason", "hardware"}) {
      if (known->contains(choice)) record_[choice] = (*known)[choice];
    }
  }
  put();
}

void RunRecord::selected(const std::string& reason) {
  record_["select_reason"] = reason;
  put();
}

void RunRecord::chosen(const std::string& reason, const std::vector<CompressedModel>& models) {
  record_["choose_reason"] = reason;
  record_["hardware"] = Json::array();
  for (const CompressedModel& model : models) record_["hardware"].push_back(model.name);
  put();
}

void RunRecord::put() {
  if (record_ == stored_) return;  // a run that has nothing to do leaves the store as it is
  study_.store().put_record(study_.name(), kStage, kKey, record_);
  stored_ = record_;
}

}  // namespace snac::flow
