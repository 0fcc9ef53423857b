// Pipeline scheduling: which stage computes each node. Latency and initiation interval are exact, not estimated.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "snac/circuit/circuit.hpp"

namespace snac::circuit {

/// Picoseconds of one family of devices, for placing registers. A model for ordering and balancing, not a vendor's timing analysis:
/// wires after placement decide the real period. Typical routed wires are part of the figures.
struct DelayModel {
  int register_ps = 250;  ///< once per stage: clock to output, set-up, clock uncertainty
  int lut_ps = 550;       ///< one LUT and the wire to it
  int adder_ps = 900;     ///< LUT, wire, entering and leaving the carry chain
  int carry_bit_ps = 20;  ///< per bit of the chain
  std::string source = "UltraScale+: fitted to 2.54 ns for two adder levels per stage on 20 published post-route designs";
  bool operator==(const DelayModel&) const = default;
};

/// What decides how much logic stands between two registers.
enum class Pipelining : std::uint8_t {
  levels,  ///< adders_per_stage levels of logic
  period,  ///< as much as fits into period_ns by the delay model
  stages,  ///< num_stages stages, the slowest of them as fast as possible by the delay model
};

struct ScheduleParams {
  int adders_per_stage = 2;  ///< adder levels between two registers, >= 1; wiring does not count; see logic_levels
  bool move_later = true;    ///< after the as-soon-as-possible placement, move nodes later where that saves register bits
  Pipelining pipelining = Pipelining::levels;
  double period_ns = 5;  ///< register included
  int num_stages = 1;    ///< 1 or more
  DelayModel delay = {};
};

/// Registers stand between stages, after the last stage, but not at the input:
/// a result appears `latency` clock edges after its input was taken; a new input may come every cycle.
/// A value that is used in later stages runs through one chain of registers, shared by all users. Constants have none, and
/// a shift is its argument's wire: it is in its argument's stage and its users read the argument's registers.
/// An output port reads the last register of its node (one output register per distinct node, of the node's live bits).
struct Schedule {
  std::vector<std::int32_t> stage;     ///< per node: the stage that computes it, from 0
  std::vector<std::int32_t> last_use;  ///< per node: last stage that reads it; `latency` if an output port does; own stage if none
  int latency = 0;                     ///< cycles from in_valid to out_valid, >= 1
  int initiation_interval = 1;
  std::int64_t register_bits = 0;  ///< as the Verilog states them: live_wires, plus one valid bit per stage; see map_bits
};

/// As soon as possible; then, with `move_later`, the stages with the fewest register bits of all that keep the latency (retime.hpp;
/// counted as map_bits does). Circuits with too many paths for that get a local improvement, single nodes later, users first.
/// A node of more than a stage (a wide lookup, an adder slower than the period) takes a whole stage: compare `stage_delays_ps`
/// with the period. Pipelining::stages gives exactly num_stages, whatever the logic needs.
/// @throws ConfigError if adders_per_stage or num_stages < 1 or the period leaves no time for logic.
Schedule schedule(const Circuit& circuit, const ScheduleParams& params = {});

/// Per node: bits of the registers that carry its value, live bits * (last use - stage).
std::vector<std::int64_t> register_bits(const Circuit& circuit, const Schedule& schedule);

/// Levels of logic a node adds: 1 for add, negate, ReLU and casts that round or saturate; more for wide lookups; 0 for wiring
/// (shifts, truncations, concatenations).
int logic_levels(const Circuit& circuit, Id id);

/// Delay of one node; 0 for wiring. Rounding and saturation: the test of the dropped or upper bits, then the adder or choice.
int node_delay_ps(const Circuit& circuit, Id id, const DelayModel& model);

/// The longest path of each stage (0 .. latency - 1), register included.
std::vector<int> stage_delays_ps(const Circuit& circuit, const Schedule& schedule, const DelayModel& model);

}  // namespace snac::circuit
