#include "snac/flow/design_record.hpp"

#include <algorithm>

namespace snac::flow {
namespace {

void add_unrolled(Json& record, const CircuitDesign& design, const StudyConfig& config) {
  const circuit::Circuit& circuit = design.circuit;
  const circuit::Schedule& schedule = design.schedule;
  const cost::Calibration calibration = calibration_of(config);
  std::vector<circuit::Mapping> mappings;
  circuit::map_bits(circuit, schedule, {}, &mappings);
  const auto latency = static_cast<std::size_t>(schedule.latency);
  std::vector<std::vector<int>> operations(mappings.size(), std::vector<int>(latency, 0));
  const std::vector<std::int64_t> bits_of_node = circuit::register_bits(circuit, schedule);
  std::vector<std::int64_t> register_bits(latency, 1);  // the valid bit
  for (circuit::Id id = 0; id < static_cast<circuit::Id>(circuit.size()); ++id) {
    const circuit::Node& node = circuit.node(id);
    const auto at = static_cast<std::size_t>(id);
    if (circuit::logic_levels(circuit, id) > 0)
      ++operations[static_cast<std::size_t>(node.group)][static_cast<std::size_t>(schedule.stage[at])];
    const std::int32_t stages = schedule.last_use[at] - schedule.stage[at];
    for (std::int32_t s = schedule.stage[at]; s < schedule.last_use[at]; ++s)
      register_bits[static_cast<std::size_t>(s)] += bits_of_node[at] / stages;
  }
  Json layers = Json::array();
  for (std::size_t g = 0; g < mappings.size(); ++g) {
    const cost::Resources used = cost::estimate(mappings[g], calibration);
    const auto busy = [](int n) { return n > 0; };
    const auto first = std::find_if(operations[g].begin(), operations[g].end(), busy);
    const auto last = std::find_if(operations[g].rbegin(), operations[g].rend(), busy).base();
    if (used.lut == 0 && used.ff == 0 && first == operations[g].end()) continue;
    Json layer{{"name", circuit.group_names()[g]}, {"lut", used.lut}, {"ff", used.ff}, {"dsp", 0}, {"bram18", 0}, {"srl", mappings[g].srl}};
    if (first != operations[g].end()) {
      layer["first_cycle"] = first - operations[g].begin();
      layer["last_cycle"] = last - operations[g].begin() - 1;
      layer["operations"] = std::vector<int>(first, last);
    }
    layers.push_back(std::move(layer));
  }
  record["layers"] = std::move(layers);
  const std::vector<int> delays = circuit::stage_delays_ps(circuit, schedule, pipeline_of(config.target).delay);
  Json stages = Json::array();
  for (std::size_t s = 0; s < latency; ++s) stages.push_back({{"register_bits", register_bits[s]}, {"delay_ns", delays[s] / 1000.0}});
  record["stages"] = std::move(stages);
}

void add_folded(Json& record, const circuit::FoldedDesign& design, const cost::Resources& total) {
  std::vector<circuit::FoldedCost> costs;
  circuit::folded_cost(design, &costs);
  circuit::FoldedCost rest{.lut = total.lut, .ff = total.ff, .dsp = total.dsp, .bram18 = total.bram18};
  Json layers = Json::array();
  int cycle = design.front ? design.front_schedule.latency : 0;
  for (std::size_t k = 0; k < design.layers.size(); ++k) {
    const circuit::FoldedLayer& layer = design.layers[k];
    layers.push_back({{"name", layer.name},
                      {"lut", costs[k].lut},
                      {"ff", costs[k].ff},
                      {"dsp", costs[k].dsp},
                      {"bram18", costs[k].bram18},
                      {"first_cycle", cycle},
                      {"last_cycle", cycle + layer.latency() - 1},
                      {"reuse_factor", layer.reuse_factor()},
                      {"multipliers", layer.num_multipliers()}});
    cycle += layer.latency();
    rest.lut -= costs[k].lut;
    rest.ff -= costs[k].ff;
    rest.dsp -= costs[k].dsp;
    rest.bram18 -= costs[k].bram18;
  }
  layers.push_back({{"name", "input and handshake"}, {"lut", rest.lut}, {"ff", rest.ff}, {"dsp", rest.dsp}, {"bram18", rest.bram18}});
  record["layers"] = std::move(layers);
}

}  // namespace

Json design_record(const Design& design, const StudyConfig& config) {
  const cost::Resources& used = design.resources();
  Json record{{"source", used.source},
              {"lut", used.lut},
              {"ff", used.ff},
              {"dsp", used.dsp},
              {"bram18", used.bram18},
              {"latency_cycles", design.latency()},
              {"initiation_interval", design.initiation_interval()}};
  if (const CircuitDesign* unrolled = design.unrolled())
    add_unrolled(record, *unrolled, config);
  else
    add_folded(record, *design.folded(), used);
  return record;
}

}  // namespace snac::flow
