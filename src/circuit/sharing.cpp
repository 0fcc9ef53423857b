#include "sharing.hpp"

#include <algorithm>
#include <cmath>

namespace snac::circuit {
namespace {

/// v0 + (+-v1) * 2^distance with v0 <= v1, packed; a pair of one value has distance > 0.
using PairKey = std::uint64_t;
constexpr int kValueBits = 24, kDistanceBits = 12;
constexpr int kDistanceOffset = 1 << (kDistanceBits - 1);
constexpr std::size_t kMaxValues = std::size_t{1} << kValueBits;

struct Pair {
  std::int32_t v0 = 0, v1 = 0;
  int distance = 0;
  bool opposite = false;
};

PairKey pack(const Pair& p) {
  return (((static_cast<PairKey>(p.v0) << kValueBits | static_cast<PairKey>(p.v1)) << kDistanceBits |
           static_cast<PairKey>(p.distance + kDistanceOffset))
          << 1) |
         (p.opposite ? 1U : 0U);
}

Pair unpack(PairKey key) {
  return {static_cast<std::int32_t>(key >> (kValueBits + kDistanceBits + 1)),
          static_cast<std::int32_t>(key >> (kDistanceBits + 1) & (kMaxValues - 1)),
          static_cast<int>(key >> 1 & ((1U << kDistanceBits) - 1)) - kDistanceOffset, (key & 1) != 0};
}

std::uint64_t mix(std::uint64_t z) {  // the finaliser of splitmix64
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

/// Counts keys; open addressing, forgets all in constant time.
class PairCounter {
 public:
  void clear() {
    ++epoch_;
    keys_.clear();
  }
  void add(PairKey key) {
    if (2 * (keys_.size() + 1) > slots_.size()) grow();
    std::size_t at = mix(key) & (slots_.size() - 1);
    while (slots_[at].epoch == epoch_ && slots_[at].key != key) at = (at + 1) & (slots_.size() - 1);
    if (slots_[at].epoch != epoch_) {
      slots_[at] = {key, epoch_, 0};
      keys_.push_back(at);
    }
    ++slots_[at].count;
  }
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const std::size_t at : keys_) visit(slots_[at].key, slots_[at].count);
  }

 private:
  struct Slot {
    PairKey key = 0;
    std::uint32_t epoch = 0;
    std::int32_t count = 0;
  };
  void grow() {
    std::vector<Slot> old(std::max<std::size_t>(1024, slots_.size() * 4));
    old.swap(slots_);
    for (std::size_t& at : keys_) {
      const Slot slot = old[at];
      at = mix(slot.key) & (slots_.size() - 1);
      while (slots_[at].epoch == epoch_) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = slot;
    }
  }
  std::vector<Slot> slots_;
  std::vector<std::size_t> keys_;
  std::uint32_t epoch_ = 1;
};

struct Place {
  std::int32_t row = 0, power = 0;
  bool negative = false;
  friend bool operator<(const Place& a, const Place& b) { return std::pair(a.row, a.power) < std::pair(b.row, b.power); }
};

struct Match {
  std::int32_t row = 0, power0 = 0;
  bool negative0 = false;
};

struct Entry {
  double score = 0;
  PairKey key = 0;
  std::int32_t count = 0;
  friend bool operator<(const Entry& a, const Entry& b) { return a.score != b.score ? a.score < b.score : a.key > b.key; }
};

class Sharing {
 public:
  Sharing(SumSystem& system, const SharingParams& params) : system_(system), params_(params), places_(system.values.size()) {
    for (std::size_t r = 0; r < system_.rows.size(); ++r) {
      std::int64_t used = 0;
      for (const Ref& digit : system_.rows[r].digits) {
        places_[index(digit.value)].push_back({static_cast<std::int32_t>(r), digit.power, digit.negative});
        used += room_for(system_.wire(digit.value).level, system_.rows[r].limit);
      }
      used_.push_back(used);
    }
    for (auto& places : places_) std::sort(places.begin(), places.end());
  }

  void run() {
    for (std::size_t v = 0; v < places_.size(); ++v) count_pairs(static_cast<std::int32_t>(v), true);
    std::make_heap(heap_.begin(), heap_.end());
    // Counts only fall while the system changes (a new value's pairs are counted when it is made), so a stored score is an upper
    // bound: recounting only what reaches the top finds the true best pair (the lazy greedy method of Minoux 1978).
    while (!heap_.empty() && system_.values.size() < kMaxValues - 1) {
      std::pop_heap(heap_.begin(), heap_.end());
      Entry entry = heap_.back();
      heap_.pop_back();
      const Pair pair = unpack(entry.key);
      find_matches(pair);
      const auto count = static_cast<std::int32_t>(matches_.size());
      if (count < 2) continue;
      if (count < entry.count) {
        entry.count = count;
        entry.score = score(pair, entry.key, count);
        if (entry.score <= 0) continue;
        if (!heap_.empty() && entry < heap_.front()) {
          push(entry);
          continue;
        }
      }
      extract(pair);
    }
  }

 private:
  static std::size_t index(std::int32_t value) { return static_cast<std::size_t>(value); }
  void push(const Entry& entry) {
    heap_.push_back(entry);
    std::push_heap(heap_.begin(), heap_.end());
  }

  /// Pairs of v with the other digits of its rows. `initial`: only partners not before v.
  void count_pairs(std::int32_t v, bool initial) {
    counter_.clear();
    for (const Place& place : places_[index(v)]) {
      for (const Ref& digit : system_.rows[static_cast<std::size_t>(place.row)].digits) {
        if (initial && digit.value < v) continue;
        if (digit.value == v && digit.power <= place.power) continue;
        const bool first = v <= digit.value;
        const int distance = first ? digit.power - place.power : place.power - digit.power;
        if (distance <= -kDistanceOffset || distance >= kDistanceOffset) continue;
        counter_.add(pack({first ? v : digit.value, first ? digit.value : v, distance, digit.negative != place.negative}));
      }
    }
    counter_.for_each([&](PairKey key, std::int32_t count) {
      if (count < 2) return;
      const double s = score(unpack(key), key, count);
      if (s <= 0) return;
      heap_.push_back({s, key, count});
      if (!initial) std::push_heap(heap_.begin(), heap_.end());
    });
  }

  double score(const Pair& pair, PairKey key, std::int32_t count) const {
    const Wire &a = system_.wire(pair.v0), &b = system_.wire(pair.v1);
    double weight = 1;
    if (params_.score == Score::overlap) {
      const int top = std::min(a.msb + (a.is_signed ? 1 : 0), b.msb + (b.is_signed ? 1 : 0) + pair.distance);
      weight = std::max(0, top - std::max(a.lsb, b.lsb + pair.distance)) + 0.25;
    } else if (params_.score == Score::width) {
      weight = static_cast<double>(adder_cost(a, 0, false, b, pair.distance, pair.opposite)) / kCostPerBit;
    }
    weight *= std::max(0.0, 1 - params_.level_penalty * std::abs(a.level - b.level));
    if (params_.noise > 0) weight *= 1 + params_.noise * static_cast<double>(mix(key ^ params_.seed) >> 40) / (1 << 24);
    return weight * (count - params_.count_offset);
  }

  /// Disjoint places of the pair that the limits of their rows allow.
  void find_matches(const Pair& pair) {
    matches_.clear();
    const std::vector<Place>&first = places_[index(pair.v0)], &second = places_[index(pair.v1)];
    const int l0 = system_.wire(pair.v0).level, l1 = system_.wire(pair.v1).level, level = std::max(l0, l1) + 1;
    const bool one_value = pair.v0 == pair.v1;
    std::int32_t row = -1;
    std::int64_t used = 0;
    if (one_value) taken_.assign(first.size(), 0);
    std::size_t j = 0;
    for (std::size_t i = 0; i < first.size(); ++i) {
      const Place wanted{first[i].row, first[i].power + pair.distance, false};
      while (j < second.size() && second[j] < wanted) ++j;
      if (j == second.size()) break;
      if (wanted < second[j] || (first[i].negative != second[j].negative) != pair.opposite) continue;
      if (one_value && (taken_[i] || taken_[j])) continue;
      if (first[i].row != row) {
        row = first[i].row;
        used = used_[static_cast<std::size_t>(row)];
      }
      const int limit = system_.rows[static_cast<std::size_t>(row)].limit;
      const std::int64_t more = room_for(level, limit) - room_for(l0, limit) - room_for(l1, limit);
      if (more > 0 && used + more > kCapacity) continue;
      used += more;
      if (one_value) taken_[i] = taken_[j] = 1;
      matches_.push_back({row, first[i].power, first[i].negative});
    }
  }

  void extract(const Pair& pair) {
    const Wire a = system_.wire(pair.v0), b = system_.wire(pair.v1);
    const auto value = static_cast<std::int32_t>(system_.values.size());
    system_.values.push_back(sum_of(a, 0, false, b, pair.distance, pair.opposite));
    const int level = system_.values.back().level;
    system_.rows.push_back({{{pair.v0, 0, false}, {pair.v1, pair.distance, pair.opposite}}, level});
    used_.push_back(kCapacity);
    std::vector<Place> new_places;
    for (const Match& match : matches_) {
      Row& row = system_.rows[static_cast<std::size_t>(match.row)];
      remove_digit(row, pair.v0, match.power0);
      remove_digit(row, pair.v1, match.power0 + pair.distance);
      row.digits.push_back({value, match.power0, match.negative0});
      used_[static_cast<std::size_t>(match.row)] +=
          room_for(level, row.limit) - room_for(a.level, row.limit) - room_for(b.level, row.limit);
      new_places.push_back({match.row, match.power0, match.negative0});
    }
    places_.push_back(std::move(new_places));
    remove_places(pair.v0, 0);
    remove_places(pair.v1, pair.distance);
    count_pairs(value, false);
  }

  static void remove_digit(Row& row, std::int32_t value, int power) {
    const auto at = std::find_if(row.digits.begin(), row.digits.end(), [&](const Ref& d) { return d.value == value && d.power == power; });
    *at = row.digits.back();
    row.digits.pop_back();
  }

  /// The matches are in the order of the places.
  void remove_places(std::int32_t value, int distance) {
    std::vector<Place>& places = places_[index(value)];
    std::size_t kept = 0, m = 0;
    for (const Place& place : places) {
      while (m < matches_.size() && Place{matches_[m].row, matches_[m].power0 + distance, false} < place) ++m;
      const bool removed = m < matches_.size() && matches_[m].row == place.row && matches_[m].power0 + distance == place.power;
      if (!removed) places[kept++] = place;
    }
    places.resize(kept);
  }

  SumSystem& system_;
  SharingParams params_;
  std::vector<std::vector<Place>> places_;  ///< per value: where it stands, sorted
  std::vector<std::int64_t> used_;          ///< per row: room taken under its limit
  std::vector<Entry> heap_;
  std::vector<Match> matches_;
  std::vector<char> taken_;
  PairCounter counter_;
};

}  // namespace

void share_pairs(SumSystem& system, const SharingParams& params) {
  if (system.values.size() < kMaxValues) Sharing(system, params).run();
}

}  // namespace snac::circuit
